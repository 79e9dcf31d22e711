//! A poolproof driver: reads requests, a JSON object a line, and says what the client did.
//! Look for TODO. After each step `poolproof driver lint` tells what is still missing.

#![allow(unused)] // until all is written

use serde_json::{json, Value as Json};
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::oneshot;

type Error = Box<dyn std::error::Error + Send + Sync>; // or the error of your client

/// TODO hello: your client, and what it can do. Claim a feature or a setting once it is written.
fn hello() -> Json {
    json!({"protocol": 1, "client": {"name": "my-client", "version": "0", "language": "Rust"},
        "variants": [{"name": "pool", "style": "pool", "features": [], "settings": []}]})
}

/// Your client, or a handle of it: each call takes a clone.
static CLIENT: Mutex<Option<()>> = Mutex::new(None);

/// TODO open: make your client, and put it into CLIENT. At most `settings["max_size"]` connections.
async fn open(host: &str, port: u64, settings: &Json) -> Result<(), Error> {
    Err("open: not written yet".into())
}

/// TODO call: send the command and return the reply as JSON: a map as a list of pairs, and bytes that are not
/// UTF-8 as `{"b64": "..."}`. Each call is a caller of its own. If it is cancelled, its future is dropped: name
/// the feature "cancel" when your client is in place. If that blocks, use `tokio::task::spawn_blocking`.
async fn call(command: Vec<&str>) -> Result<Json, Error> {
    Err("call: not written yet".into())
}

/// TODO close: close your client, and return when it is closed.
async fn close() -> Result<(), Error> {
    Err("close: not written yet".into())
}

/// TODO kinds: what the protocol calls the errors of your client. "other" is never wrong, only less telling.
fn kind(error: &Error) -> &'static str {
    "other"
}

#[tokio::main(flavor = "current_thread")] // here tasks begin in the order in which they are spawned
async fn main() {
    let mut requests = BufReader::new(tokio::io::stdin()).lines();
    let mut cancels = HashMap::new();
    while let Ok(Some(line)) = requests.next_line().await {
        let request: Json = serde_json::from_str(&line).expect("a request is JSON");
        let id = request["id"].as_u64().expect("a request has an id");
        if request["do"] == "bye" {
            reply(id, json!({}));
            break;
        } else if request["do"] == "cancel" {
            cancels.remove(&request["target"].as_u64()).map(|cancel: oneshot::Sender<()>| cancel.send(()));
            reply(id, json!({}));
            continue;
        }
        let (cancel, cancelled) = oneshot::channel();
        cancels.insert(Some(id), cancel);
        tokio::spawn(async move {
            let failed = |error| json!({"kind": kind(&error), "text": error.to_string()});
            let answer = tokio::select! {
                answer = serve(&request) => answer.unwrap_or_else(failed),
                Ok(()) = cancelled => json!({"kind": "cancelled"}),
            };
            reply(id, answer);
        });
        tokio::task::yield_now().await; // it has begun before the next one is read
    }
    std::process::exit(0) // even if a task still waits for its reply
}

async fn serve(request: &Json) -> Result<Json, Error> {
    match request["do"].as_str().unwrap_or_default() {
        "hello" => return Ok(hello()),
        "open" => {
            let (host, port) = (request["host"].as_str(), request["port"].as_u64());
            open(host.unwrap_or_default(), port.unwrap_or_default(), &request["settings"]).await?;
        }
        "call" => {
            let words = request["command"].as_array().into_iter().flatten();
            return Ok(json!({"value": call(words.filter_map(Json::as_str).collect()).await?}));
        }
        "close" => close().await?,
        _ => return Ok(json!({"kind": "unsupported"})), // verbs of features: see the table in the protocol
    }
    Ok(json!({}))
}

fn reply(id: u64, mut answer: Json) {
    answer["id"] = id.into();
    answer["ok"] = answer.get("kind").is_none().into();
    println!("{answer}"); // flushes at the end of the line
}
