package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// writer is what waits to be written to a connection. The element never waits for the other side: what the system does not take at once
// is queued, a goroutine writes the queue, and when too much is in it, or the other side takes nothing for too long, the
// connection ends.
type writer struct {
	mu       sync.Mutex
	queue    []outgoing  // with copies of the bytes
	queued   int         // bytes of it
	busy     bool        // a goroutine is writing
	stopped  bool        // nothing is taken any more
	finished bool        // the connection ends once the queue is empty
	by       time.Time   // and at once, at the latest then: the driver closes
	ending   atomic.Bool // nothing is written any more, and the reader has but to read to the end
}

// lingerAtClose is how long what waits may take to go out when the driver closes.
const lingerAtClose = 500 * time.Millisecond

var errStopped = errors.New("the connection is being closed")

// enqueue takes a message to be written.
func (s *stream) enqueue(o outgoing) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.finished {
		return errStopped
	}
	if !s.busy && s.conn == net.Conn(s.tcp) {
		n, err := writeNow(s.tcp, o.data)
		if err != nil {
			// The reader sees it, too, and ends the connection.
			return fmt.Errorf("writing to %s: %w", s.flow.Remote, err)
		}
		if n == len(o.data) {
			s.active.Store(time.Now().UnixNano())
			return nil
		}
		o.data = o.data[n:]
	}
	if s.queued+len(o.data) > s.d.cfg.Limits.WriteQueue {
		s.d.counters.Overrun.Add(1)
		s.stopped = true
		s.tcp.Close() // and not the TLS over it, which would wait to say goodbye
		return fmt.Errorf("%s does not take what is sent to it: %d bytes wait", s.flow.Remote, s.queued)
	}
	o.data = slices.Clone(o.data)
	s.queue = append(s.queue, o)
	s.queued += len(o.data)
	s.start()
	return nil
}

// pong answers keep-alives, unless other things wait: then the other side has something to read in any case.
func (s *stream) pong(n int) {
	if !s.ready {
		return
	}
	if err := s.enqueue(outgoing{flow: s.flow, data: slices.Repeat([]byte("\r\n"), min(n, 64))}); err != nil {
		return // the reader sees it
	}
}

// start sees to it that a goroutine writes. s.mu is held.
func (s *stream) start() {
	if !s.busy {
		s.busy = true
		s.d.running.Go(s.write)
	}
}

// write writes the queue until it is empty.
func (s *stream) write() {
	var buf []byte
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.stopped {
			s.busy = false
			end, by := s.finished && !s.stopped, s.by
			s.mu.Unlock()
			if end {
				s.goodbye(by)
			}
			return
		}
		buf = buf[:0]
		for _, o := range s.queue {
			buf = append(buf, o.data...)
		}
		n := len(s.queue)
		deadline := time.Now().Add(s.d.cfg.Limits.Write)
		if !s.by.IsZero() && s.by.Before(deadline) {
			deadline = s.by
		}
		s.conn.SetWriteDeadline(deadline)
		s.mu.Unlock()

		_, err := s.conn.Write(buf)

		s.mu.Lock()
		if err != nil || s.stopped {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				s.d.counters.Overrun.Add(1)
			}
			s.stopped = true // what is in the queue is lost: the reader tells
			s.busy = false
			s.mu.Unlock()
			s.tcp.Close()
			return
		}
		s.active.Store(time.Now().UnixNano())
		rest := copy(s.queue, s.queue[n:])
		clear(s.queue[rest:])
		s.queue = s.queue[:rest]
		s.queued -= len(buf)
		s.mu.Unlock()
	}
}

// finish ends the connection once what waits has been written. With a time it ends at once, and at that time if there is still
// something to write.
func (s *stream) finish(by time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.conn == nil {
		return
	}
	s.finished = true
	if !by.IsZero() {
		s.by = by
		s.conn.SetDeadline(by)
	}
	s.start()
}

// goodbye ends this side's half of the connection, and lets the reader wait a moment for the end of the other. To close a socket in
// which something is still unread resets the connection, and with it what was written last (a 400, say) may be lost.
func (s *stream) goodbye(by time.Time) {
	if !by.IsZero() {
		s.conn.Close()
		return
	}
	s.ending.Store(true)
	s.conn.SetDeadline(time.Now().Add(lingerAtClose))
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
	s.conn.SetReadDeadline(time.Now().Add(lingerAtClose))
}

// drain reads to the end what nobody wants, within the deadline of goodbye.
func (s *stream) drain() {
	for !s.ending.Load() {
		// The writer has not come to the end of its queue. Its deadline is the writer's, which ends the connection.
		if _, err := s.conn.Read(make([]byte, firstRoom)); err != nil {
			return
		}
	}
	s.conn.SetReadDeadline(time.Now().Add(lingerAtClose))
	io.CopyN(io.Discard, s.conn, 1<<20)
}

// stop ends the connection now, and returns what was not written.
func (s *stream) stop() []outgoing {
	s.mu.Lock()
	s.stopped = true
	lost := s.queue
	s.queue, s.queued = nil, 0
	s.mu.Unlock()
	s.tcp.Close()
	return lost
}
