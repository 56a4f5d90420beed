package proxyd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"sipscribe/internal/explain"
	"sipscribe/internal/live/proxy"
)

// NewLog makes the log that settings ask for. Its level can be changed while it is used.
func (s *Settings) NewLog(w io.Writer, level *slog.LevelVar) (*slog.Logger, error) {
	l, err := s.level()
	if err != nil {
		return nil, err
	}
	level.Set(l)
	o := &slog.HandlerOptions{Level: level}
	switch s.Log.Format {
	case "", "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, fmt.Errorf("log: there is no format %q: there are text and json", s.Log.Format)
}

func (s *Settings) level() (slog.Level, error) {
	switch s.Log.Level {
	case "debug":
		return slog.LevelDebug, nil
	case "", "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("log: there is no level %q: there are debug, info, warn and error", s.Log.Level)
}

// reporter writes what the element tells into the log. The element does not wait for it: what it tells goes into a queue, and what has no room there
// is counted. What strangers can bring about as often as they like is told at most burst times an interval for each kind; the rest is told as a number when the
// interval is over, so that a flood fills no disk.
type reporter struct {
	log   *slog.Logger
	queue chan proxy.Event
	done  chan struct{}

	mu   sync.Mutex
	lost int // had no room in the queue
}

const (
	reportQueue    = 1024
	reportBurst    = 10
	reportInterval = 10 * time.Second
)

func newReporter(log *slog.Logger) *reporter {
	r := &reporter{log: log, queue: make(chan proxy.Event, reportQueue), done: make(chan struct{})}
	go r.run()
	return r
}

// tell is proxy.Config.Notify.
func (r *reporter) tell(e proxy.Event) {
	if e.Kind == proxy.EventRegistered && !r.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	select {
	case r.queue <- e:
	default:
		r.mu.Lock()
		r.lost++
		r.mu.Unlock()
	}
}

// close writes what is left. Nothing may be told any more.
func (r *reporter) close() {
	close(r.queue)
	<-r.done
}

// tally is how often something was told in this interval, and how often it was not.
type tally struct {
	told, left int
	sources    map[netip.Addr]struct{} // of what was left, at most maxSources
}

const maxSources = 1000

func (r *reporter) run() {
	defer close(r.done)
	ticker := time.NewTicker(reportInterval)
	defer ticker.Stop()
	tallies := map[proxy.EventKind]*tally{}
	for {
		select {
		case e, ok := <-r.queue:
			if !ok {
				r.sum(tallies)
				return
			}
			r.event(tallies, &e)
		case <-ticker.C:
			r.sum(tallies)
		}
	}
}

func (r *reporter) event(tallies map[proxy.EventKind]*tally, e *proxy.Event) {
	source := e.From.Remote.Addr()
	if e.Kind == proxy.EventRegistered {
		r.log.Debug("registered", "user", shown(e.User), "from", flowOf(e), "contacts", e.Contacts)
		return
	}
	t := tallies[e.Kind]
	if t == nil {
		t = &tally{sources: map[netip.Addr]struct{}{}}
		tallies[e.Kind] = t
	}
	if t.told >= reportBurst {
		t.left++
		if len(t.sources) < maxSources {
			t.sources[source] = struct{}{}
		}
		return
	}
	t.told++
	args := []any{"from", flowOf(e)}
	if e.Method != "" {
		args = append(args, "method", shown(e.Method))
	}
	if e.Status != 0 {
		args = append(args, "status", e.Status)
	}
	if e.User != "" {
		args = append(args, "user", shown(e.User))
	}
	if e.Because != "" {
		args = append(args, "because", explain.Shown([]byte(e.Because), 400)) // an address, a name, and why
	}
	if e.Wait > 0 {
		args = append(args, "wait", e.Wait.Round(time.Second).String())
	}
	r.log.Log(context.Background(), levelOf(e.Kind), e.Kind.String(), args...)
}

// sum tells what was left out, and begins a new interval.
func (r *reporter) sum(tallies map[proxy.EventKind]*tally) {
	for kind, t := range tallies {
		if t.left > 0 {
			more := ""
			if len(t.sources) == maxSources {
				more = " or more"
			}
			r.log.Log(context.Background(), levelOf(kind), "more of the same: "+kind.String(), "times", t.left, "sources", fmt.Sprint(len(t.sources), more))
		}
		delete(tallies, kind)
	}
	r.mu.Lock()
	lost := r.lost
	r.lost = 0
	r.mu.Unlock()
	if lost > 0 {
		r.log.Warn("too much happened to be told", "times", lost)
	}
}

// levelOf: what an operator should look at is a warning; that somebody was refused is daily business.
func levelOf(k proxy.EventKind) slog.Level {
	switch k {
	case proxy.EventFull, proxy.EventLimited, proxy.EventSilenced, proxy.EventUnlocated, proxy.EventGateway:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// shown makes what came over the network fit to be printed.
func shown(s string) string { return explain.Shown([]byte(s), 120) }

func flowOf(e *proxy.Event) string {
	return strings.ToLower(e.From.Transport.String()) + ":" + e.From.Remote.String()
}
