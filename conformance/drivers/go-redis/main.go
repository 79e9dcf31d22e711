// A poolproof driver for go-redis: a redis.Client, whose pool lends each command a connection.
// One variant, "pool": all limits are set in redis.Options; contexts are used to cancel.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const about = `{"protocol": 1, "client": {"name": "go-redis", "language": "Go", "version": %q}, "variants": [{"name": "pool",
	"style": "pool", "features": ["cancel", "pipeline", "transaction", "watch", "numbers"], "settings": ["password", "database",
	"acquire_timeout_ms", "command_timeout_ms", "connect_timeout_ms", "idle_timeout_ms", "max_lifetime_ms"]}]}`

type object = map[string]any
type request struct {
	ID, Target, Port    int
	Do, Host, Mode, Key string
	Command             []any
	Commands            [][]any
	Settings            object
}

var client *redis.Client

func main() {
	input, cancels := json.NewDecoder(os.Stdin), map[int]context.CancelFunc{}
	for r := (request{}); input.Decode(&r) == nil; r = (request{}) {
		ctx, cancel := context.WithCancel(context.Background())
		if cancels[r.ID] = cancel; r.Do == "cancel" {
			cancels[r.Target]()
		}
		begun := make(chan bool) // without it, goroutines begin in any order
		go func() {
			begun <- true
			answer, err := r.serve(ctx)
			if err != nil && err != redis.Nil {
				answer = object{"ok": false, "kind": kind(err), "text": err.Error()}
			}
			answer["id"] = r.ID
			json.NewEncoder(os.Stdout).Encode(answer)
			if r.Do == "bye" {
				os.Exit(0)
			}
		}()
		<-begun
	}
}

func (r request) serve(ctx context.Context) (answer object, err error) {
	answer = object{"ok": true}
	switch strings.TrimSpace(r.Do + " " + r.Mode) {
	case "hello":
		err = json.Unmarshal(fmt.Appendf(nil, about, redis.Version()), &answer)
	case "open":
		number := func(name string) float64 { value, _ := r.Settings[name].(float64); return value }
		limit := func(name string, absent float64) time.Duration {
			return time.Duration(cmp.Or(number(name), absent) * 1e6)
		}
		options := redis.Options{ // 1e8 ms is a day, -1e-6 ms (-1 ns) no limit, 0 the default
			Addr: fmt.Sprintf("%s:%d", r.Host, r.Port), Password: fmt.Sprint(cmp.Or(r.Settings["password"], "")),
			DB: int(number("database")), PoolSize: int(number("max_size")), MaxActiveConns: int(number("max_size")),
			PoolTimeout: limit("acquire_timeout_ms", 1e8), ReadTimeout: limit("command_timeout_ms", -1e-6),
			DialTimeout: limit("connect_timeout_ms", 0), ConnMaxIdleTime: limit("idle_timeout_ms", -1e-6),
			ConnMaxLifetime: limit("max_lifetime_ms", -1e-6),
		}
		json.Unmarshal([]byte(`{"PipelinePoolSize": -1}`), &options) // new in 9.22: ten connections besides
		client = redis.NewClient(&options)
	case "call":
		cmd := client.Do(ctx, r.Command...)
		answer["value"], err = plain(cmd.Val()), cmd.Err()
	case "batch pipeline":
		answer["values"], err = r.exec(ctx, client.Pipeline())
	case "batch transaction":
		answer["values"], err = r.exec(ctx, client.TxPipeline())
	case "batch watch":
		run := func(tx *redis.Tx) error { answer["values"], err = r.exec(ctx, tx.TxPipeline()); return err }
		err = client.Watch(ctx, run, r.Key)
	case "numbers":
		now := client.PoolStats()
		answer["idle"], answer["lent"], answer["waiting"] = now.IdleConns, now.TotalConns-now.IdleConns, now.PendingRequests
	case "close":
		err = client.Close()
	case "cancel", "bye": // in main
	default:
		err = errors.ErrUnsupported
	}
	return answer, err
}

func (r request) exec(ctx context.Context, pipe redis.Pipeliner) (values []any, err error) {
	for _, command := range r.Commands {
		pipe.Do(ctx, command...)
	}
	cmds, err := pipe.Exec(ctx)
	for _, cmd := range cmds {
		value, err := cmd.(*redis.Cmd).Result()
		if err != nil && err != redis.Nil {
			value = object{"error": err.Error()}
		}
		values = append(values, plain(value))
	}
	if err != nil && kind(err) == "server" {
		err = nil // it stands among the values
	}
	return values, err
}

func plain(value any) any {
	switch value := value.(type) {
	case string:
		if strings.ToValidUTF8(value, "") != value {
			return object{"b64": []byte(value)}
		}
	case []any:
		for i := range value {
			value[i] = plain(value[i])
		}
	case map[any]any:
		pairs := []any{}
		for key, each := range value {
			pairs = append(pairs, []any{plain(key), plain(each)})
		}
		return pairs
	}
	return value
}

func kind(err error) string {
	is := func(each error) bool { return errors.Is(err, each) }
	when := func(fits bool, kind string) string { return map[bool]string{true: kind}[fits] }
	socket, network := errors.AsType[*net.OpError](err)
	_, server := errors.AsType[redis.Error](err)
	return cmp.Or(
		when(network && socket.Op == "dial" || strings.HasPrefix(err.Error(), "WRONGPASS"), "refused"), when(server, "server"),
		when(is(redis.ErrPoolTimeout), "timeout.acquire"), when(is(os.ErrDeadlineExceeded), "timeout.command"),
		when(is(redis.ErrPoolExhausted), "exhausted"), when(is(context.Canceled), "cancelled"),
		when(is(redis.ErrClosed) || is(net.ErrClosed), "closed"), when(network || is(io.EOF), "conn_lost"),
		when(is(errors.ErrUnsupported), "unsupported"),
		when(strings.HasPrefix(err.Error(), "redis: "), "protocol"), "other") // what else its parser says
}
