// A poolproof driver for rueidis: all callers share one connection, on which their commands are pipelined.
// One variant, "multiplexer": client.Do, with client-side caching allowed (as by default) but not used.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

const about = `{"protocol": 1, "client": {"name": "rueidis", "language": "Go", "version": %q}, "variants": [{"name":
	"multiplexer", "style": "multiplexer", "features": ["cancel", "pipeline", "transaction"], "settings": ["database", "password",
	"command_timeout_ms", "connect_timeout_ms", "max_lifetime_ms"], "promises": {"demands": ["HELLO", "CLIENT TRACKING"]}}]}`

type object = map[string]any
type request struct {
	ID, Target, Port int
	Do, Host, Mode   string
	Command          []string
	Commands         [][]string
	Settings         object
}

var client, limit = rueidis.Client(nil), time.Duration(0) // the limit of a command is in its caller's context

func main() {
	input, cancels := json.NewDecoder(os.Stdin), map[int]context.CancelFunc{}
	for r := (request{}); input.Decode(&r) == nil; r = (request{}) {
		ctx, cancel := context.WithCancel(context.Background())
		if limit > 0 {
			ctx, cancel = context.WithTimeout(context.Background(), limit)
		}
		if cancels[r.ID] = cancel; r.Do == "cancel" {
			cancels[r.Target]()
		}
		begun := make(chan bool) // without it, goroutines begin in any order
		go func() {
			begun <- true
			answer, err := r.serve(ctx)
			if err != nil && err != rueidis.Nil {
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
		err = json.Unmarshal(fmt.Appendf(nil, about, rueidis.LibVer), &answer)
	case "open":
		number := func(name string) float64 { value, _ := r.Settings[name].(float64); return value }
		limit = time.Duration(number("command_timeout_ms") * 1e6)
		client, _ = rueidis.NewClient(rueidis.ClientOption{ // it dials again at the first call if it failed
			InitAddress: []string{fmt.Sprintf("%s:%d", r.Host, r.Port)}, ForceSingleClient: true, // no cluster
			Password: fmt.Sprint(cmp.Or(r.Settings["password"], "")), SelectDB: int(number("database")),
			Dialer:       net.Dialer{Timeout: time.Duration(number("connect_timeout_ms") * 1e6)},
			ConnLifetime: time.Duration(number("max_lifetime_ms") * 1e6), PipelineMultiplex: -1, // one, not up to four
			ConnWriteTimeout: 24 * time.Hour, // is the limit of replies, too
		})
	case "call":
		value, err := client.Do(ctx, build(r.Command)[0]).ToAny()
		return object{"ok": true, "value": plain(value, nil)}, err
	case "batch pipeline":
		values := []any{}
		for _, result := range client.DoMulti(ctx, build(r.Commands...)...) {
			values, err = append(values, plain(result.ToAny())), cmp.Or(err, result.NonRedisError())
		}
		answer["values"] = values
	case "batch transaction":
		whole := slices.Concat([][]string{{"MULTI"}}, r.Commands, [][]string{{"EXEC"}})
		value, err := client.DoMulti(ctx, build(whole...)...)[len(whole)-1].ToAny()
		return object{"ok": true, "values": plain(value, nil)}, err
	case "close":
		client.Close()
	case "cancel", "bye": // in main
	default:
		err = errors.ErrUnsupported
	}
	return answer, err
}

// build marks commands as the typed builders do: one that only reads is sent again if its connection was lost.
func build(commands ...[]string) (built []rueidis.Completed) {
	for _, command := range commands {
		arbitrary := client.B().Arbitrary(command...)
		if command[0] == "GET" {
			built = append(built, arbitrary.ReadOnly())
		} else if strings.Contains("BLPOP BRPOP BLMOVE WAIT", command[0]) || slices.Contains(command, "BLOCK") {
			built = append(built, arbitrary.Blocking()) // on a connection of its own
		} else {
			built = append(built, arbitrary.Build())
		}
	}
	return built
}

func plain(value any, err error) any {
	if err != nil && err != rueidis.Nil {
		value = err
	}
	switch value := value.(type) {
	case string:
		if strings.ToValidUTF8(value, "") != value {
			return object{"b64": []byte(value)}
		}
	case error:
		return object{"error": value.Error()}
	case []any:
		for i := range value {
			value[i] = plain(value[i], nil)
		}
	case object:
		pairs := []any{}
		for key, each := range value {
			pairs = append(pairs, []any{key, plain(each, nil)})
		}
		return pairs
	}
	return value
}

func kind(err error) string {
	is := func(each error) bool { return errors.Is(err, each) }
	when := func(fits bool, kind string) string { return map[bool]string{true: kind}[fits] }
	socket, network := errors.AsType[*net.OpError](err)
	_, server := errors.AsType[*rueidis.RedisError](err)
	return cmp.Or(
		when(network && socket.Op == "dial" || is(rueidis.ErrNoCache) || limit == 0 && is(context.DeadlineExceeded), "refused"),
		when(strings.HasPrefix(err.Error(), "WRONGPASS"), "refused"), when(server, "server"),
		when(is(context.DeadlineExceeded) && limit > 0, "timeout.command"), when(is(context.Canceled), "cancelled"),
		when(is(rueidis.ErrClosing), "closed"), when(is(errors.ErrUnsupported), "unsupported"),
		when(network || strings.HasSuffix(err.Error(), "EOF") || is(os.ErrDeadlineExceeded), "conn_lost"), "other")
}
