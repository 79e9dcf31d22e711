// Driver for Jedis as its documentation recommends it: a RedisClient, which borrows a connection of its pool for each
// command, used by threads that wait. One variant, pool. Jedis has no way to cancel a caller.

import com.google.gson.*;
import com.google.gson.annotations.SerializedName;
import java.io.*;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import redis.clients.jedis.*;
import redis.clients.jedis.exceptions.*;
import redis.clients.jedis.util.KeyValue;
import static java.nio.charset.StandardCharsets.UTF_8;

public class Driver {
    record Request(long id, @SerializedName("do") String verb, String host, int port, Settings settings, Long lease,
            List<String> command, List<List<String>> commands, String mode, String key, String channel,
            String pattern) {}
    record Settings(int max_size, Integer acquire_timeout_ms, int command_timeout_ms, Integer connect_timeout_ms,
            String password, int database) {}

    static final Map<String, ?> VARIANT = Map.of("name", "pool", "style", "pool",
            "features", List.of("pipeline", "transaction", "watch", "subscribe", "lease", "numbers"),
            "settings", List.of("acquire_timeout_ms", "command_timeout_ms", "connect_timeout_ms", "password",
                    "database"));
    static final String VERSION = ResourceBundle.getBundle("redis.clients.jedis.pom").getString("version");
    static final Gson JSON = new GsonBuilder().serializeNulls().create();
    static final PrintStream OUT = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);
    static final Map<Long, Connection> leases = new ConcurrentHashMap<>();
    static volatile RedisClient client;

    public static void main(String[] args) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            var request = JSON.fromJson(line, Request.class);
            switch (request.verb) {
                case "subscribe" -> new Thread(() -> subscribe(request)).start();
                case "call", "batch", "acquire", "close" -> new Thread(() -> answer(request)).start();
                default -> answer(request);
            }
            if (request.verb.equals("bye")) break;
        }
        System.exit(0); // even if a thread still waits for its reply
    }

    static void answer(Request request) {
        var reply = new TreeMap<String, Object>(Map.of("id", request.id, "ok", true));
        try {
            switch (request.verb) {
                case "hello" -> reply.putAll(Map.of("protocol", 1, "variants", List.of(VARIANT),
                        "client", Map.of("name", "jedis", "version", VERSION, "language", "Java")));
                case "open" -> client = open(request, request.settings);
                case "call" -> reply.put("value", value(request.lease == null
                        ? client.executeCommand(command(request.command))
                        : leases.get(request.lease).executeCommand(command(request.command))));
                case "batch" -> reply.put("values", value(batch(request)));
                case "acquire" -> leases.put(request.id, client.getPool().getResource());
                case "release" -> leases.get(request.lease).close();
                case "numbers" -> reply.putAll(Map.of("idle", client.getPool().getNumIdle(),
                        "lent", client.getPool().getNumActive(), "waiting", client.getPool().getNumWaiters()));
                case "close" -> client.close();
                case "bye" -> {}
                default -> throw new UnsupportedOperationException(request.verb);
            }
        } catch (Exception error) {
            reply.putAll(Map.of("ok", false, "kind", kind(error), "text", error.toString()));
        }
        say(reply);
    }

    static RedisClient open(Request request, Settings settings) {
        var pool = new ConnectionPoolConfig();
        pool.setMaxTotal(settings.max_size);
        if (settings.acquire_timeout_ms != null) pool.setMaxWait(Duration.ofMillis(settings.acquire_timeout_ms));
        var config = DefaultJedisClientConfig.builder().password(settings.password).database(settings.database)
                .socketTimeoutMillis(settings.command_timeout_ms); // 0: a reply may take any time
        if (settings.connect_timeout_ms != null) config.connectionTimeoutMillis(settings.connect_timeout_ms);
        return RedisClient.builder().hostAndPort(request.host, request.port)
                .poolConfig(pool).clientConfig(config.build()).build();
    }

    static List<Object> batch(Request request) {
        if (request.mode.equals("pipeline")) {
            try (var pipeline = client.pipelined()) {
                request.commands.forEach(each -> pipeline.sendCommand(command(each)));
                return pipeline.syncAndReturnAll();
            }
        }
        try (var transaction = client.transaction(false)) {
            if (request.key != null) transaction.watch(request.key);
            transaction.multi();
            request.commands.forEach(each -> transaction.sendCommand(command(each)));
            return Objects.requireNonNull(transaction.exec(), "not executed, for the watched key has changed");
        }
    }

    static void subscribe(Request request) {
        var listener = new JedisPubSub() {
            @Override public void onSubscribe(String channel, int count) { say(Map.of("id", request.id, "ok", true)); }
            @Override public void onPSubscribe(String pattern, int count) { onSubscribe(pattern, count); }
            @Override public void onMessage(String channel, String data) {
                say(Map.of("event", "message", "of", request.id, "data", data));
            }
            @Override public void onPMessage(String pattern, String channel, String data) { onMessage(channel, data); }
        };
        try {
            if (request.pattern != null) client.psubscribe(listener, request.pattern);
            else client.subscribe(listener, request.channel);
        } catch (Exception error) {
            say(listener.isSubscribed()
                    ? Map.of("event", "end", "of", request.id, "kind", kind(error), "text", error.toString())
                    : Map.of("id", request.id, "ok", false, "kind", kind(error), "text", error.toString()));
        }
    }

    static String kind(Exception error) {
        var cause = error.getCause();
        if (error instanceof UnsupportedOperationException) return "unsupported";
        if (cause instanceof NoSuchElementException) return "timeout.acquire"; // these three are the pool's words
        if (cause instanceof IllegalStateException || cause instanceof InterruptedException) return "closed";
        if (cause instanceof SocketTimeoutException) return "timeout.command";
        if (error instanceof JedisAccessControlException && !error.getMessage().startsWith("NOPERM")) return "refused";
        if (error instanceof JedisDataException) return "server";
        if (!(error instanceof JedisConnectionException)) return "other";
        var text = error.getMessage(); // Failed to connect to ..., Failed to create socket, Unknown reply: ...
        return text.startsWith("Failed to c") ? "refused" : text.startsWith("Unknown reply") ? "protocol" : "conn_lost";
    }

    static CommandArguments command(List<String> words) {
        return new CommandArguments(() -> words.get(0).getBytes(UTF_8)).addObjects(words.subList(1, words.size()));
    }

    static Object value(Object reply) {
        if (reply instanceof List<?> list) return list.stream().map(Driver::value).toList();
        if (reply instanceof KeyValue<?, ?> pair) return Arrays.asList(value(pair.getKey()), value(pair.getValue()));
        if (reply instanceof Exception error) return Map.of("error", String.valueOf(error.getMessage()));
        if (!(reply instanceof byte[] bytes)) return reply; // a number, a truth value, or null
        try {
            return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException notText) {
            return Map.of("b64", Base64.getEncoder().encodeToString(bytes));
        }
    }

    static void say(Object message) { OUT.println(JSON.toJson(message)); }
}
