// Driver for Lettuce, in the two ways that its documentation describes: one connection that all callers share, with
// its asynchronous commands (shared), and a pool of ConnectionPoolSupport, used by threads that wait (pool).

import com.google.gson.*;
import com.google.gson.annotations.SerializedName;
import io.lettuce.core.*;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.*;
import io.lettuce.core.support.ConnectionPoolSupport;
import java.io.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.commons.pool2.impl.*;

public class Driver {
    record Request(long id, @SerializedName("do") String verb, String variant, String host, int port, Settings settings,
            List<String> command, long lease, List<List<String>> commands, String mode, String key, long target) {}
    record Settings(int max_size, Integer acquire_timeout_ms, int command_timeout_ms, Integer connect_timeout_ms,
            String password, int database, Integer max_calls) {}
    static final String HELLO = """
            {"protocol": 1, "client": {"name": "lettuce", "version": "%s", "language": "Java"}, "variants": [
              {"name": "shared", "style": "multiplexer", "features": ["cancel"],
               "settings": ["command_timeout_ms", "connect_timeout_ms", "password", "database", "max_calls"]},
              {"name": "pool", "style": "pool",
               "features": ["cancel", "pipeline", "transaction", "watch", "lease", "numbers"],
               "settings": ["acquire_timeout_ms", "command_timeout_ms", "connect_timeout_ms", "password", "database"]}]}
            """.formatted(LettuceVersion.getVersion());
    static final Gson JSON = new GsonBuilder().serializeNulls().create();
    static final Map<Long, Runnable> cancels = new ConcurrentHashMap<>();
    static final Map<Long, StatefulRedisConnection<String, String>> leases = new ConcurrentHashMap<>();
    static volatile RedisClient client;
    static volatile StatefulRedisConnection<String, String> shared;
    static volatile GenericObjectPool<StatefulRedisConnection<String, String>> pool;

    public static void main(String[] args) {
        new BufferedReader(new InputStreamReader(System.in)).lines().forEach(line -> {
            var request = JSON.fromJson(line, Request.class);
            if (request.verb.equals("call") && shared != null) {
                var reply = new Reply(shared, request.command);
                cancels.put(request.id, () -> reply.future.cancel(true));
                reply.future.whenComplete((list, error) -> answer(request, () -> Map.of("value", reply.value())));
                return;
            }
            var caller = new Thread(() -> answer(request, () -> perform(request)));
            cancels.put(request.id, caller::interrupt);
            caller.start();
        });
        System.exit(0); // even if a thread still waits for its reply
    }

    static void answer(Request request, Callable<Map<String, ?>> work) {
        var message = new HashMap<String, Object>(Map.of("id", request.id, "ok", true));
        try {
            message.putAll(work.call());
        } catch (Exception failure) {
            var error = failure instanceof ExecutionException ? failure.getCause() : failure;
            var text = error.getCause() == null ? error.toString() : error + ": " + error.getCause();
            message.putAll(Map.of("ok", false, "kind", kind(error, text), "text", text));
        }
        System.out.println(JSON.toJson(message));
        if (request.verb.equals("bye")) System.exit(0);
    }

    static Map<String, ?> perform(Request request) throws Exception {
        switch (request.verb) {
            case "call", "batch" -> {
                var own = leases.getOrDefault(request.lease, shared);
                if (own != null) return run(own, request);
                try (var connection = pool.borrowObject()) { return run(connection, request); }
            }
            case "hello" -> { return JSON.fromJson(HELLO, JsonObject.class).asMap(); }
            case "numbers" -> { return Map.of("idle", pool.getNumIdle(), "lent", pool.getNumActive(),
                    "waiting", pool.getNumWaiters()); }
            case "open" -> open(request, request.settings);
            case "acquire" -> leases.put(request.id, pool.borrowObject());
            case "release" -> leases.get(request.lease).close();
            case "cancel" -> cancels.get(request.target).run();
            case "close" -> { pool.close(); client.shutdown(); } // which closes the shared connection too
            case "bye" -> {}
            default -> throw new UnsupportedOperationException(request.verb);
        }
        return Map.of();
    }

    static void open(Request request, Settings settings) {
        var uri = RedisURI.builder().withHost(request.host).withPort(request.port).withDatabase(settings.database);
        if (settings.password != null) uri.withPassword(settings.password.toCharArray());
        if (settings.connect_timeout_ms != null) uri.withTimeout(Duration.ofMillis(settings.connect_timeout_ms));
        client = RedisClient.create(uri.build());
        var queue = settings.max_calls == null ? ClientOptions.DEFAULT_REQUEST_QUEUE_SIZE : settings.max_calls;
        client.setOptions(ClientOptions.builder().requestQueueSize(queue).build());
        var config = new GenericObjectPoolConfig<StatefulRedisConnection<String, String>>();
        config.setMaxTotal(settings.max_size);
        if (settings.acquire_timeout_ms != null) config.setMaxWait(Duration.ofMillis(settings.acquire_timeout_ms));
        pool = ConnectionPoolSupport.createGenericObjectPool(() -> connect(settings), config);
        shared = request.variant.equals("shared") ? connect(settings) : null;
    }

    static StatefulRedisConnection<String, String> connect(Settings settings) {
        var connection = client.connect(); // within the limit of the URI, while that of commands is another:
        connection.setTimeout(Duration.ofMillis(settings.command_timeout_ms)); // 0 for ever
        return connection;
    }

    static Map<String, ?> run(StatefulRedisConnection<String, String> connection, Request request) throws Exception {
        if (request.verb.equals("call")) return Map.of("value", new Reply(connection, request.command).value());
        if (request.key != null) connection.sync().watch(request.key);
        if (!request.mode.equals("pipeline")) connection.async().multi();
        var replies = request.commands.stream().map(each -> new Reply(connection, each)).toList();
        if (!request.mode.equals("pipeline") && connection.async().exec().get().wasDiscarded())
            throw new RedisException("a watched key was changed");
        var values = new ArrayList<Object>();
        for (var reply : replies) {
            try {
                values.add(reply.value());
            } catch (ExecutionException error) { // either the server's answer, or there is none
                if (!(error.getCause() instanceof RedisCommandExecutionException)) throw error;
                values.add(Map.of("error", error.getCause().getMessage()));
            }
        }
        return Map.of("values", values);
    }

    static String kind(Throwable error, String text) {
        return error instanceof UnsupportedOperationException ? "unsupported"
                : text.contains("InterruptedException") && pool.isClosed() ? "closed" // so it wakes those who wait
                : error instanceof CancellationException || text.contains("InterruptedException") ? "cancelled"
                : error instanceof NoSuchElementException ? "timeout.acquire" // these two are the pool's words
                : error instanceof IllegalStateException || text.matches(".*: Connection (is )?closed") ? "closed"
                : error instanceof RedisCommandTimeoutException ? "timeout.command"
                : error instanceof RedisCommandExecutionException ? "server"
                : error instanceof RedisConnectionException ? "refused"
                : error instanceof IOException ? "conn_lost" : text.contains("size exceeded") ? "exhausted" : "other";
    }

    static class Reply extends NestedMultiOutput<String, String> { // which makes a list of whatever it reads
        final RedisFuture<List<Object>> future;
        private boolean isList;
        Reply(StatefulRedisConnection<String, String> connection, List<String> words) {
            super(StringCodec.UTF8);
            var arguments = new CommandArgs<>(StringCodec.UTF8).addValues(words.subList(1, words.size()));
            future = connection.async().dispatch(words.get(0)::getBytes, this, arguments);
        }
        @Override public void multi(int count) { isList = true; super.multi(count); }
        JsonElement value() throws Exception { future.get(); return JSON.toJsonTree(isList ? get() : get().get(0)); }
    }
}
