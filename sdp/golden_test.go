package sdp

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// Each testdata/<name>.sdp is a description and <name>.txt all that is read out of it. Those that begin with rfc are copied from
// that RFC (of RFC 5118 the body of the message in that section); the others are written by hand in the shapes that devices write.
func TestGolden(t *testing.T) {
	for _, name := range descriptions(t) {
		t.Run(name, func(t *testing.T) {
			s := Parse(read(t, name+".sdp"))
			checkLossless(t, s)
			got := dump(s)
			if *update {
				if err := os.WriteFile(name+".txt", got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := read(t, name+".txt"); !bytes.Equal(got, want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// dump writes what every accessor says.
func dump(s *Session) []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	conn := func(c Connection) string {
		a, ok := c.Addr()
		return fmt.Sprintf("%s %s %s ttl %d count %d addr %v %t nowhere %t", c.NetType, c.AddrType, c.Address, c.TTL, c.Count, a, ok, c.IsNowhere())
	}
	for _, pr := range s.Problems {
		p("problem     %s: %q", pr.Code, pr.Span.Of(s.Raw))
	}
	p("clean       %t", s.IsClean())
	p("lines       %d, %d of them of the session, %d media", len(s.Lines), len(s.SessionLines()), s.MediaCount())
	if o, ok := s.Origin(); ok {
		p("origin      %q %q %q %q %q %q", o.Username, o.SessID, o.SessVersion, o.NetType, o.AddrType, o.Address)
	}
	if n, ok := s.Name(); ok {
		p("name        %q", n)
	}
	if c, ok := s.Connection(); ok {
		p("connection  %s", conn(c))
	}
	for t := range s.Times() {
		p("time        %d to %d, permanent %t", t.Start, t.Stop, t.IsPermanent())
	}
	for a := range s.Attributes() {
		p("attribute   %q = %q", a.Name, a.Value)
	}
	p("held        %t", s.IsHeld())
	for i, m := range s.AllMedia() {
		port, ok := m.Port()
		p("media %d", i)
		p("  %s %d (%t) x %d %s", m.Type(), port, ok, m.PortCount(), m.Proto())
		p("  audio %t video %t rtp %t t38 %t rejected %t", m.IsAudio(), m.IsVideo(), m.IsRTP(), m.IsT38(), m.IsRejected())
		p("  secure %t crypto %t ice %t rtcp-mux %t", m.IsSecure(), m.HasCrypto(), m.HasICE(), m.HasRTCPMux())
		if f, ok := m.Fingerprint(); ok {
			p("  fingerprint %s", f)
		}
		if c, ok := m.Connection(); ok {
			p("  connection %s", conn(c))
		}
		_, _, written := m.DirectionAttribute()
		p("  direction %s written %t held %t", m.Direction(), written, m.IsHeld())
		if d, ok := m.Ptime(); ok {
			p("  ptime %v", d)
		}
		if d, ok := m.Maxptime(); ok {
			p("  maxptime %v", d)
		}
		if r, ok := m.RTCP(); ok {
			p("  rtcp %d explicit %t %s", r.Port, r.Explicit, r.Connection.Address)
		}
		for c := range m.Codecs() {
			b.WriteString("  codec ")
			fmt.Fprintf(&b, "%s %d %s %d/%d", c.Format, c.PayloadType, c.DisplayName(), c.ClockRate, c.Channels)
			if c.Static {
				b.WriteString(" static")
			}
			if c.FMTP != nil {
				fmt.Fprintf(&b, " fmtp %q", c.FMTP)
			}
			if c.IsTelephoneEvent() {
				b.WriteString(" events")
				for first, last := range c.Events() {
					fmt.Fprintf(&b, " %d-%d", first, last)
				}
			}
			b.WriteByte('\n')
		}
		for a := range m.Attributes() {
			p("  attribute %q = %q", a.Name, a.Value)
		}
	}
	return b.Bytes()
}
