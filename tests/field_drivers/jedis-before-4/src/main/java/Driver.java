// Driver for releases of Jedis before 4, in threads that wait; only GET. Two variants, which differ in how a caller
// gives a connection back: close, and returnResource, which was the way until 2.6 and public until 3.

import com.google.gson.*;
import com.google.gson.annotations.SerializedName;
import java.io.*;
import java.net.SocketTimeoutException;
import java.util.*;
import redis.clients.jedis.*;
import redis.clients.jedis.exceptions.JedisDataException;

public class Driver {
    record Request(long id, @SerializedName("do") String verb, String variant, String host, int port, Settings settings,
            List<String> command) {}
    record Settings(int max_size, int command_timeout_ms) {}

    static final Gson JSON = new GsonBuilder().serializeNulls().create();
    static volatile JedisPool pool;
    static volatile boolean closes;

    public static void main(String[] args) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            var request = JSON.fromJson(line, Request.class);
            if (request.verb.equals("call")) new Thread(() -> answer(request)).start();
            else answer(request);
            if (request.verb.equals("bye")) break;
        }
        System.exit(0); // even if a thread still waits for its reply
    }

    static void answer(Request request) {
        var reply = new TreeMap<String, Object>(Map.of("id", request.id, "ok", true));
        try {
            switch (request.verb) {
                case "hello" -> reply.putAll(hello());
                case "open" -> open(request, request.settings);
                case "call" -> reply.put("value", call(request.command.get(1)));
                case "close" -> pool.close();
                case "bye" -> {}
                default -> reply.putAll(Map.of("ok", false, "kind", "unsupported"));
            }
        } catch (Exception error) {
            reply.putAll(Map.of("ok", false, "kind", kind(error), "text", error.toString()));
        }
        System.out.println(JSON.toJson(reply));
    }

    static Map<String, ?> hello() throws IOException {
        var about = new Properties();
        about.load(Jedis.class.getResourceAsStream("/META-INF/maven/redis.clients/jedis/pom.properties"));
        var variants = new ArrayList<Map<String, ?>>();
        for (var name : List.of("close", "returnResource"))
            variants.add(Map.of("name", name, "style", "pool", "settings", List.of("command_timeout_ms")));
        return Map.of("protocol", 1, "variants", variants,
                "client", Map.of("name", "jedis", "version", about.getProperty("version"), "language", "Java"));
    }

    static void open(Request request, Settings settings) {
        var config = new JedisPoolConfig();
        config.setMaxTotal(settings.max_size);
        pool = new JedisPool(config, request.host, request.port, settings.command_timeout_ms); // 0: for ever
        closes = request.variant.equals("close");
    }

    static String call(String key) throws Exception {
        var jedis = pool.getResource();
        try {
            return jedis.get(key);
        } finally {
            if (closes) jedis.close();
            else JedisPool.class.getMethod("returnResource", Jedis.class).invoke(pool, jedis); // compiles with 3 too
        }
    }

    static String kind(Exception error) {
        if (error instanceof JedisDataException) return "server";
        return error.getCause() instanceof SocketTimeoutException ? "timeout.command" : "other";
    }
}
