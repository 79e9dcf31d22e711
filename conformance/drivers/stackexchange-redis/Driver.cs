// Driver for StackExchange.Redis: one ConnectionMultiplexer, which all callers share, with its asynchronous commands.
// One variant, shared. A caller is cancelled with Task.WaitAsync, as its documentation says.

using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using StackExchange.Redis;
using static StackExchange.Redis.ConnectionFailureType;

var version = typeof(ConnectionMultiplexer).Assembly
    .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
var utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);
var cancels = new ConcurrentDictionary<long, CancellationTokenSource>();
ConnectionMultiplexer? client = null;

while (Console.ReadLine() is { } line)
{
    var request = JsonNode.Parse(line)!;
    cancels[(long)request["id"]!] = new CancellationTokenSource();
    _ = Answer(request); // runs until it has to wait, so that calls begin in their order
    if ((string)request["do"]! == "bye") break;
}
Environment.Exit(0); // even if a call still waits for its reply

async Task Answer(JsonNode request)
{
    var id = (long)request["id"]!;
    var reply = new JsonObject { ["id"] = id, ["ok"] = true };
    ChannelMessageQueue? messages = null;
    try
    {
        switch ((string)request["do"]!)
        {
            case "hello": reply = Hello(id); break;
            case "open":
                client = await ConnectionMultiplexer.ConnectAsync(Options(request, request["settings"]!));
                break;
            case "call":
                var result = Run(client!.GetDatabase(), request["command"]!);
                reply["value"] = Value(await result.WaitAsync(cancels[id].Token));
                break;
            case "batch":
                reply["values"] = await Batch(client!.GetDatabase(), request).WaitAsync(cancels[id].Token);
                break;
            case "subscribe":
                messages = await client!.GetSubscriber().SubscribeAsync(request["pattern"] is { } pattern
                    ? RedisChannel.Pattern((string)pattern!)
                    : RedisChannel.Literal((string)request["channel"]!));
                break;
            case "cancel":
                cancels[(long)request["target"]!].Cancel();
                break;
            case "close":
                await client!.CloseAsync(allowCommandsToComplete: false);
                break;
            case "bye": break;
            default: throw new NotSupportedException();
        }
    }
    catch (Exception error)
    {
        (reply["ok"], reply["kind"], reply["text"]) = (false, Kind(error), error.Message.ReplaceLineEndings(" "));
        if (Fate(error) is { } fate) reply["fate"] = fate;
    }
    Say(reply);
    messages?.OnMessage(message =>
        Say(new JsonObject { ["event"] = "message", ["of"] = id, ["data"] = (string?)message.Message }));
}

JsonObject Hello(long id) => JsonNode.Parse($$"""
    {"id": {{id}}, "ok": true, "protocol": 1,
     "client": {"name": "stackexchange-redis", "version": "{{version}}", "language": "C#"},
     "variants": [{"name": "shared", "style": "multiplexer", "extra_connections": 1,
       "features": ["cancel", "pipeline", "transaction", "subscribe", "fate"],
       "settings": ["command_timeout_ms", "connect_timeout_ms", "password", "database"]}]}
    """)!.AsObject();

ConfigurationOptions Options(JsonNode request, JsonNode settings)
{
    var options = new ConfigurationOptions { EndPoints = { { (string)request["host"]!, (int)request["port"]! } } };
    options.AsyncTimeout = (int?)settings["command_timeout_ms"] ?? int.MaxValue / 4; // days: there is no "for ever"
    if ((int?)settings["connect_timeout_ms"] is { } limit) options.ConnectTimeout = limit;
    if ((string?)settings["password"] is { } password) options.Password = password;
    if ((int?)settings["database"] is { } database) options.DefaultDatabase = database;
    return options;
}

Task<RedisResult> Run(IDatabaseAsync database, JsonNode command)
{
    var words = command.AsArray().Select(word => (string)word!).ToArray();
    return database.ExecuteAsync(words[0], words.Skip(1).ToArray<object>());
}

async Task<JsonNode> Batch(IDatabase database, JsonNode request)
{
    var transaction = (string)request["mode"]! == "transaction" ? database.CreateTransaction() : null;
    var batch = transaction ?? database.CreateBatch();
    var results = request["commands"]!.AsArray().Select(command => Run(batch, command!)).ToList();
    if (transaction is null) batch.Execute();
    else if (!await transaction.ExecuteAsync()) throw new RedisException("The transaction was not executed");
    var values = new JsonArray();
    foreach (var result in results)
        try { values.Add(Value(await result)); }
        catch (RedisServerException error) { values.Add(new JsonObject { ["error"] = error.Message }); }
    return values;
}

JsonNode? Value(RedisResult result)
{
    if (result.IsNull) return null;
    switch (result.Resp3Type)
    {
        case ResultType.Integer: return (long)result;
        case ResultType.Boolean: return (bool)result;
        case ResultType.Double: return (double)result;
        case ResultType.Error or ResultType.BlobError: return new JsonObject { ["error"] = (string?)result };
        case ResultType.Array or ResultType.Set or ResultType.Push or ResultType.Map:
            var items = ((RedisResult[])result!).Select(Value).ToArray();
            var map = result.Resp3Type == ResultType.Map;
            return new JsonArray(map ? items.Chunk(2).Select(pair => new JsonArray(pair)).ToArray<JsonNode?>() : items);
    }
    var bytes = (byte[])result!;
    try { return utf8.GetString(bytes); }
    catch (DecoderFallbackException) { return new JsonObject { ["b64"] = Convert.ToBase64String(bytes) }; }
}

string Kind(Exception error) => error switch
{
    NotSupportedException => "unsupported",
    OperationCanceledException => "cancelled",
    ObjectDisposedException => "closed",
    RedisTimeoutException => "timeout.command",
    RedisServerException => "server",
    RedisConnectionException { FailureType: ConnectionDisposed } => "closed",
    RedisConnectionException { FailureType: ProtocolFailure } => "protocol",
    RedisConnectionException
        { FailureType: UnableToConnect or UnableToResolvePhysicalConnection or AuthenticationFailure } => "refused",
    RedisConnectionException => "conn_lost",
    _ => "other",
};

string? Fate(Exception error)
{
    var status = (error as RedisTimeoutException)?.Commandstatus ?? (error as RedisConnectionException)?.CommandStatus;
    if (status is CommandStatus.WaitingToBeSent or CommandStatus.WaitingInBacklog) return "not_sent";
    return status is CommandStatus.Sent ? "unknown" : null;
}

void Say(JsonObject message) => Console.WriteLine(message.ToJsonString());
