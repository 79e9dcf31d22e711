//! A poolproof driver for redis-rs on Tokio: clones of one connection, on which commands are pipelined.
//! Variants: a `MultiplexedConnection`, which stays lost once it is, and a `ConnectionManager`, which reconnects.

use base64::prelude::{BASE64_STANDARD, Engine};
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisResult, Value};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::oneshot;

#[derive(Clone)]
enum Connection {
    Multiplexed(MultiplexedConnection),
    Manager(ConnectionManager),
}
use Connection::{Manager, Multiplexed};

#[tokio::main(flavor = "current_thread")] // here tasks begin in the order in which they are spawned
async fn main() {
    let mut requests = BufReader::new(tokio::io::stdin()).lines();
    let (mut connection, mut limited) = (None, false);
    let mut cancels = HashMap::new();
    while let Ok(Some(line)) = requests.next_line().await {
        let request: Json = serde_json::from_str(&line).unwrap();
        let id = request["id"].as_u64().unwrap();
        let mut answer = json!({});
        match request["do"].as_str().unwrap() {
            "hello" => answer = hello(),
            "open" => {
                limited = request["settings"]["command_timeout_ms"].is_number();
                match open(&request).await {
                    Ok(opened) => connection = Some(opened),
                    Err(error) => answer = failure(error, false),
                }
            }
            "call" | "batch" => {
                let (cancel, cancelled) = oneshot::channel::<()>();
                cancels.insert(id, cancel);
                let connection = connection.clone();
                tokio::spawn(async move {
                    let answer = tokio::select! {
                        answer = send(connection, &request) => answer.unwrap_or_else(|error| failure(error, limited)),
                        Ok(_) = cancelled => json!({"kind": "cancelled"}), // the future is dropped
                    };
                    reply(id, answer);
                });
                continue;
            }
            "cancel" => drop(cancels.remove(&request["target"].as_u64().unwrap()).map(|cancel| cancel.send(()))),
            "close" => connection = None, // it ends with the last of its clones
            "bye" => {
                reply(id, answer);
                break;
            }
            _ => answer = json!({"kind": "unsupported"}),
        }
        reply(id, answer);
    }
    std::process::exit(0) // without waiting for the reader of the standard input
}

fn reply(id: u64, mut answer: Json) {
    answer["ok"] = answer.get("kind").is_none().into();
    answer["id"] = id.into();
    println!("{answer}");
}

fn hello() -> Json {
    let settings = ["command_timeout_ms", "connect_timeout_ms", "password", "database"];
    let variant = |name| json!({"name": name, "style": "multiplexer", "features": ["cancel", "pipeline", "transaction"], "settings": settings});
    json!({"protocol": 1, "client": {"name": "redis-rs", "version": "1.8.1", "language": "Rust"},
        "variants": [variant("MultiplexedConnection"), variant("ConnectionManager")]})
}

async fn open(request: &Json) -> RedisResult<Connection> {
    let settings = &request["settings"];
    let limit = |name: &str| settings[name].as_f64().map(|ms| Duration::from_secs_f64(ms / 1000.0));
    let connecting = limit("connect_timeout_ms").or(Some(Duration::from_secs(1))); // the default
    let password = settings["password"].as_str().map_or(String::new(), |password| format!(":{password}@"));
    let (host, port) = (request["host"].as_str().unwrap(), &request["port"]);
    let database = settings["database"].as_i64().unwrap_or(0);
    let client = Client::open(format!("redis://{password}{host}:{port}/{database}"))?;
    if request["variant"] == "ConnectionManager" {
        let config = ConnectionManagerConfig::new().set_response_timeout(limit("command_timeout_ms"));
        return client.get_connection_manager_lazy(config.set_connection_timeout(connecting)).map(Manager);
    }
    let config = AsyncConnectionConfig::new().set_response_timeout(limit("command_timeout_ms"));
    let config = config.set_connection_timeout(connecting);
    client.get_multiplexed_async_connection_with_config(&config).await.map(Multiplexed)
}

async fn send(connection: Option<Connection>, request: &Json) -> RedisResult<Json> {
    match connection {
        Some(Multiplexed(mut connection)) => perform(&mut connection, request).await,
        Some(Manager(mut connection)) => perform(&mut connection, request).await,
        None => Ok(json!({"kind": "closed"})),
    }
}

async fn perform(connection: &mut impl ConnectionLike, request: &Json) -> RedisResult<Json> {
    if request["do"] == "call" {
        let value = command(&request["command"]).query_async(connection).await?;
        return Ok(json!({"value": plain(value)}));
    }
    let mut pipe = redis::pipe();
    for each in request["commands"].as_array().unwrap() {
        pipe.add_command(command(each));
    }
    if request["mode"] == "transaction" {
        pipe.atomic();
    }
    let values: Vec<Value> = pipe.ignore_errors().query_async(connection).await?;
    Ok(json!({"values": values.into_iter().map(plain).collect::<Vec<_>>()}))
}

fn command(words: &Json) -> redis::Cmd {
    let words: Vec<_> = words.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    redis::Cmd::new().arg(words).clone()
}

fn plain(value: Value) -> Json {
    match value {
        Value::Int(number) => number.into(),
        Value::BulkString(bytes) => match String::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(error) => json!({"b64": BASE64_STANDARD.encode(error.as_bytes())}),
        },
        Value::SimpleString(text) => text.into(),
        Value::Okay => "OK".into(),
        Value::Array(values) => values.into_iter().map(plain).collect(),
        Value::ServerError(error) => json!({"error": error.to_string()}),
        _ => Json::Null, // the others belong to RESP3, which is not the default
    }
}

fn failure(error: redis::RedisError, limited: bool) -> Json {
    let kind = match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension => "server",
        ErrorKind::AuthenticationFailed => "refused",
        ErrorKind::Parse => "protocol",
        ErrorKind::Io if error.is_timeout() && limited => "timeout.command",
        ErrorKind::Io if error.is_timeout() || error.is_connection_refusal() => "refused",
        ErrorKind::Io => "conn_lost",
        _ => "other",
    };
    json!({"kind": kind, "text": error.to_string()})
}
