// A poolproof driver: reads requests, a JSON object a line, and says what the client did.
// Look for TODO. After each step `poolproof driver lint` tells what is still missing.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"unicode/utf8"
)

// TODO hello: your client, and what it can do. Claim a feature or a setting once it is written.
const about = `{"protocol": 1, "client": {"name": "my-client", "version": "0", "language": "Go"},
	"variants": [{"name": "pool", "style": "pool", "features": [], "settings": []}]}`

type object = map[string]any

type request struct {
	ID, Target, Port int
	Do, Host         string
	Command          []string
	Settings         object
}

// TODO open: make your client, at r.Host and r.Port. At most r.Settings["max_size"] (a float64) connections.
func open(r request) error {
	return errors.New("open: not written yet")
}

// TODO call: send the command and return the reply, nil for null. Each call is a caller of its own.
// When ctx is cancelled, the caller waits no longer. If your client can do that, name the feature "cancel".
func call(ctx context.Context, command []string) (any, error) {
	return nil, errors.New("call: not written yet")
}

// TODO close: close your client, and return when it is closed.
func closeClient() error {
	return errors.New("close: not written yet")
}

// TODO kinds: what the protocol calls the errors of your client. "other" is never wrong, only less telling.
func kind(err error) string {
	if errors.Is(err, context.Canceled) {
		return "cancelled"
	}
	return "other"
}

func main() {
	requests, cancels := json.NewDecoder(os.Stdin), map[int]context.CancelFunc{}
	for r := (request{}); requests.Decode(&r) == nil; r = (request{}) {
		ctx, cancel := context.WithCancel(context.Background())
		cancels[r.ID] = cancel
		switch r.Do {
		case "hello", "cancel", "bye":
			if cancel, known := cancels[r.Target]; known {
				cancel()
			}
			if serve(ctx, r); r.Do == "bye" {
				return // even if a call still waits for its reply
			}
		default:
			begun := make(chan bool) // without it, goroutines begin in any order
			go func() { begun <- true; serve(ctx, r) }()
			<-begun
		}
	}
}

func serve(ctx context.Context, r request) {
	answer := object{"id": r.ID, "ok": true}
	if err := perform(ctx, r, answer); err != nil {
		answer = object{"id": r.ID, "ok": false, "kind": kind(err), "text": err.Error()}
	}
	json.NewEncoder(os.Stdout).Encode(answer) // one write for each line
}

func perform(ctx context.Context, r request, answer object) (err error) {
	switch r.Do {
	case "hello":
		err = json.Unmarshal([]byte(about), &answer)
	case "open":
		err = open(r)
	case "call":
		var reply any
		reply, err = call(ctx, r.Command)
		answer["value"] = plain(reply)
	case "close":
		err = closeClient()
	case "cancel", "bye":
	default: // verbs of features: see the table in the protocol
		answer["ok"], answer["kind"] = false, "unsupported"
	}
	return err
}

// A reply as JSON has it. Text that is not UTF-8 becomes base64. (A map has to become a list of pairs.)
func plain(value any) any {
	switch value := value.(type) {
	case string:
		if !utf8.ValidString(value) {
			return object{"b64": []byte(value)}
		}
	case []any:
		for i := range value {
			value[i] = plain(value[i])
		}
	}
	return value
}
