// A poolproof driver: reads requests, a JSON object a line, and says what the client did.
// Look for TODO. After each step `poolproof driver lint` tells what is still missing.

using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

// TODO hello: your client, and what it can do. Claim a feature or a setting once it is written.
const string About = """
    {"protocol": 1, "client": {"name": "my-client", "version": "0", "language": "C#"},
     "variants": [{"name": "pool", "style": "pool", "features": [], "settings": []}]}
    """;

var utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);
var cancels = new Dictionary<long, CancellationTokenSource>();
var input = new StreamReader(Console.OpenStandardInput(), utf8);
var output = TextWriter.Synchronized(new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = true });

while (input.ReadLine() is { } line)
{
    var request = JsonNode.Parse(line)!;
    var verb = (string)request["do"]!;
    if (verb == "cancel" && cancels.TryGetValue((long)request["target"]!, out var target)) target.Cancel();
    var cancel = cancels[(long)request["id"]!] = new CancellationTokenSource();
    _ = Answer(request, verb, cancel.Token); // runs until it has to wait, so that calls begin in their order
    if (verb == "bye") break;
}
Environment.Exit(0); // even if a call still waits for its reply

// TODO open: make your client. At most settings["max_size"] connections.
Task Open(string host, int port, JsonNode settings) => throw new NotImplementedException("open: not written yet");

// TODO call: send the command and return the reply. Each call is a caller of its own. It must not hold up the
// reader: if your client blocks, use Task.Run. When the token is cancelled, the caller waits no longer. If your
// client can do that, name the feature "cancel".
Task<object?> Call(string[] command, CancellationToken cancelled) =>
    throw new NotImplementedException("call: not written yet");

// TODO close: close your client, and return when it is closed.
Task Close() => throw new NotImplementedException("close: not written yet");

// TODO kinds: what the protocol calls the errors of your client. "other" is never wrong, only less telling.
string Kind(Exception error) => error switch
{
    OperationCanceledException => "cancelled",
    _ => "other",
};

async Task Answer(JsonNode request, string verb, CancellationToken cancelled)
{
    var reply = new JsonObject { ["ok"] = true };
    try
    {
        switch (verb)
        {
            case "hello":
                reply = JsonNode.Parse(About)!.AsObject();
                reply["ok"] = true;
                break;
            case "open": await Open((string)request["host"]!, (int)request["port"]!, request["settings"]!); break;
            case "call":
                var command = request["command"]!.AsArray().Select(word => (string)word!).ToArray();
                reply["value"] = Plain(await Call(command, cancelled));
                break;
            case "close": await Close(); break;
            case "cancel" or "bye": break;
            default: (reply["ok"], reply["kind"]) = (false, "unsupported"); break; // verbs of features
        }
    }
    catch (Exception error)
    {
        var text = error.Message.ReplaceLineEndings(" ");
        reply = new JsonObject { ["ok"] = false, ["kind"] = Kind(error), ["text"] = text };
    }
    reply["id"] = (long)request["id"]!;
    output.WriteLine(reply.ToJsonString());
}

// A reply as JSON has it. Text that is not UTF-8 becomes base64, a map a list of pairs.
JsonNode? Plain(object? value)
{
    switch (value)
    {
        case string text: return text;
        case byte[] bytes:
            try { return utf8.GetString(bytes); }
            catch (DecoderFallbackException) { return new JsonObject { ["b64"] = Convert.ToBase64String(bytes) }; }
        case IDictionary map:
            return new JsonArray(map.Keys.Cast<object>().Select(key => Plain(new[] { key, map[key] })).ToArray());
        case IEnumerable values: return new JsonArray(values.Cast<object?>().Select(Plain).ToArray());
        default: return JsonSerializer.SerializeToNode(value); // a number, a truth value, or null
    }
}
