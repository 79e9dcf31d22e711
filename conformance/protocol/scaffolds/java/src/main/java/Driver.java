// A poolproof driver: reads requests, a JSON object a line, and says what the client did.
// Look for TODO. After each step `poolproof driver lint` tells what is still missing.

import com.google.gson.*;
import com.google.gson.annotations.SerializedName;
import java.io.*;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.*;
import java.util.concurrent.*;
import static java.nio.charset.StandardCharsets.UTF_8;

public class Driver {
    record Request(long id, @SerializedName("do") String verb, String variant, String host, int port,
            Map<String, Object> settings, List<String> command, long target) {}

    // TODO hello: your client, and what it can do. Claim a feature or a setting once it is written.
    static final String HELLO = """
            {"protocol": 1, "client": {"name": "my-client", "version": "0", "language": "Java"},
             "variants": [{"name": "pool", "style": "pool", "features": [], "settings": []}]}
            """;

    /** TODO open: make your client, and keep it in a volatile field. At most settings "max_size" connections. */
    static void open(Request request) throws Exception {
        throw new IllegalStateException("open: not written yet");
    }

    /**
     * TODO call: send the command and return the reply. Each call is a caller of its own, on a thread of its own;
     * who cancels it interrupts that thread. If your client ends its wait then, name the feature "cancel".
     */
    static Object call(List<String> command) throws Exception {
        throw new IllegalStateException("call: not written yet");
    }

    /** TODO close: close your client, and return when it is closed. */
    static void close() throws Exception {
        throw new IllegalStateException("close: not written yet");
    }

    /** TODO kinds: what the protocol calls the errors of your client. "other" is never wrong, only less telling. */
    static String kind(Exception error) {
        if (error instanceof InterruptedException) return "cancelled";
        return "other";
    }

    static final Gson JSON = new GsonBuilder().serializeNulls().create();
    static final PrintStream OUT = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8); // flushes

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        var callers = new HashMap<Long, Thread>();
        for (String line; (line = in.readLine()) != null; ) {
            var request = JSON.fromJson(line, Request.class);
            if (List.of("hello", "cancel", "bye").contains(request.verb)) {
                if (callers.containsKey(request.target)) callers.get(request.target).interrupt();
                answer(request);
                if (request.verb.equals("bye")) break;
                continue;
            }
            var begun = new CountDownLatch(1); // without it, threads begin in any order
            var caller = new Thread(() -> { begun.countDown(); answer(request); });
            callers.put(request.id, caller);
            caller.start();
            begun.await();
        }
        System.exit(0); // even if a thread still waits for its reply
    }

    static void answer(Request request) {
        var reply = new TreeMap<String, Object>(Map.of("id", request.id, "ok", true));
        try {
            switch (request.verb) {
                case "hello" -> reply.putAll(JSON.fromJson(HELLO, JsonObject.class).asMap());
                case "open" -> open(request);
                case "call" -> reply.put("value", plain(call(request.command)));
                case "close" -> close();
                case "cancel", "bye" -> {}
                default -> reply.putAll(Map.of("ok", false, "kind", "unsupported")); // verbs of features
            }
        } catch (Exception error) {
            reply.putAll(Map.of("ok", false, "kind", kind(error), "text", error.toString()));
        }
        OUT.println(JSON.toJson(reply));
    }

    /** A reply as JSON has it. Text that is not UTF-8 becomes base64, a map a list of pairs. */
    static Object plain(Object reply) {
        if (reply instanceof Collection<?> all) return all.stream().map(Driver::plain).toList();
        if (reply instanceof Map<?, ?> map) return plain(map.entrySet());
        if (reply instanceof Map.Entry<?, ?> pair) return Arrays.asList(plain(pair.getKey()), plain(pair.getValue()));
        if (!(reply instanceof byte[] bytes)) return reply;
        try {
            return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException notText) {
            return Map.of("b64", Base64.getEncoder().encodeToString(bytes));
        }
    }
}
