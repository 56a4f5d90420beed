package hep

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// unhex reads digits; what follows a # up to the end of the line explains them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(s) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vector3 is made by hand: each chunk is vendor, type, length, data.
const vector3 = `
48455033 007c             # "HEP3", 124 bytes in all
0000 0001 0007 02         # IPv4
0000 0002 0007 11         # UDP
0000 0003 000a c0000207   # from 192.0.2.7
0000 0004 000a c6336401   # to 198.51.100.1
0000 0007 0008 13c6       # port 5062
0000 0008 0008 13c4       # port 5060
0000 0009 000a 48acab40   # 1219275584 s: 2008-08-20 23:39:44
0000 000a 000a 000f423f   # 999999 µs
0000 000b 0007 01         # SIP
0000 000c 000a 000007d1   # agent 2001
0000 000e 000c 736563726574 # key "secret"
0000 000f 0013 4f5054494f4e5320736970 3a61   # "OPTIONS sip:a"
`

const vector3IPv6 = `
48455033 0094             # 148 bytes
002a 0001 0009 abcdef     # a chunk of vendor 42, first
0000 0001 0007 0a         # IPv6
0000 0002 0007 06         # TCP
0000 0005 0016 20010db8000000000000000000000001
0000 0006 0016 20010db8000000000000000000000002
0000 0007 0008 c001
0000 0008 0008 13c5
0000 000b 0007 64         # a line of a log
0000 000d 0008 001e       # keep-alive 30
0000 0010 0010 1f8b0800000000000003  # compressed: the beginning of a gzip
0000 0011 000b 612d624063 # correlation id "a-b@c"
0000 0012 0008 0064       # VLAN 100
0000 0013 0009 676964     # type 19, that we keep as it is
`

const vector2 = `
02 10 02 11 13c6 13c4     # HEP2, 16 bytes of header, IPv4, UDP, ports 5062 and 5060
c0000207 c6336401         # 192.0.2.7 to 198.51.100.1
40abac48 3f420f00 d107 0000 # the time of vector3 in little endian, agent 2001, padding
42594520736970 3a61       # "BYE sip:a"
`

const vector1IPv6 = `
01 28 0a 06 13c6 13c4     # HEP1, 40 bytes of header, IPv6, TCP
20010db8000000000000000000000001 20010db8000000000000000000000002
41434b                    # "ACK", no time before it
`

func TestVectors(t *testing.T) {
	four := func(p Packet) Packet {
		p.Family, p.Protocol, p.Kind = IPv4, UDP, SIP
		p.Source, p.Destination = netip.MustParseAddrPort("192.0.2.7:5062"), netip.MustParseAddrPort("198.51.100.1:5060")
		p.Seconds, p.Microseconds, p.Agent = 0x48acab40, 999999, 2001
		return p
	}
	six := func(p Packet) Packet {
		p.Family, p.Protocol = IPv6, TCP
		p.Source, p.Destination = netip.MustParseAddrPort("[2001:db8::1]:49153"), netip.MustParseAddrPort("[2001:db8::2]:5061")
		return p
	}
	one := six(Packet{Version: 1, Kind: SIP, Payload: []byte("ACK")})
	one.Source, one.Destination = netip.MustParseAddrPort("[2001:db8::1]:5062"), netip.MustParseAddrPort("[2001:db8::2]:5060")
	for _, c := range []struct {
		name, data string
		want       Packet
	}{
		{"HEP3 over IPv4", vector3, four(Packet{Version: 3, AuthKey: []byte("secret"), Payload: []byte("OPTIONS sip:a")})},
		{"HEP3 over IPv6, with what is rare", vector3IPv6, six(Packet{Version: 3, Kind: Log, KeepAlive: 30, VLAN: 100, Compressed: true,
			Payload: []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), CorrelationID: []byte("a-b@c"),
			Others: []Chunk{{42, 1, []byte{0xab, 0xcd, 0xef}}, {0, 19, []byte("gid")}}})},
		{"HEP2", vector2, four(Packet{Version: 2, Payload: []byte("BYE sip:a")})},
		{"HEP1 over IPv6", vector1IPv6, one},
	} {
		data := unhex(t, c.data)
		var got Packet
		if err := got.Parse(data); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !Recognise(data) {
			t.Errorf("%s: not recognised", c.name)
		}
		if n, err := Frame(data); c.want.Version == 3 && (n != len(data) || err != nil) {
			t.Errorf("%s: a frame of %d bytes, %v", c.name, n, err)
		}
		same(t, c.name, got, c.want)
		if c.want.Version != 3 {
			continue
		}
		b, err := got.AppendTo([]byte("before"))
		if err != nil || !bytes.HasPrefix(b, []byte("before")) {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(got.Others) == 0 && !bytes.Equal(b[6:], data) {
			t.Errorf("%s: written as\n%x\nwas\n%x", c.name, b[6:], data)
		}
		var back Packet
		if err := back.Parse(b[6:]); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		same(t, c.name+", written and read", back, c.want)
	}
}

// TestOtherProgram reads what sngrep sends, one message in both versions.
func TestOtherProgram(t *testing.T) {
	data, err := os.ReadFile("testdata/sngrep-1.6.0.hex")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSpace(string(data)), "\n\n")
	var three, two Packet
	if err := three.Parse(unhex(t, parts[0])); err != nil {
		t.Error(err)
	}
	if err := two.Parse(unhex(t, parts[1])); err != nil {
		t.Error(err)
	}
	if !Recognise(unhex(t, parts[0])) || !Recognise(unhex(t, parts[1])) || three.Version != 3 || two.Version != 2 {
		t.Error("not recognised")
	}
	if three.Agent != 2002<<16 || two.Agent != 2002 {
		t.Errorf("agents %d and %d", three.Agent, two.Agent)
	}
	three.Agent, three.Version = two.Agent, two.Version
	same(t, "HEP3 and HEP2", three, two)
	if at, _ := two.Time(); at.Format(time.RFC3339) != "2026-11-22T10:58:21Z" || !bytes.HasPrefix(two.Payload, []byte("ACK sip:")) ||
		!bytes.HasSuffix(two.Payload, []byte("\r\n\r\n")) || two.Source.String() != "127.0.0.1:5060" || two.Protocol != UDP {
		t.Errorf("%v %+v", at, two)
	}
}

func same(t *testing.T, name string, got, want Packet) {
	t.Helper()
	if !equal(got, want) {
		t.Errorf("%s:\n%+v\nwant\n%+v", name, got, want)
	}
}

// equal compares what packets tell.
func equal(a, b Packet) bool {
	a.seen, b.seen = 0, 0
	for _, p := range []*Packet{&a, &b} {
		if len(p.Others) == 0 {
			p.Others = nil
		}
		for _, f := range []*[]byte{&p.AuthKey, &p.CorrelationID, &p.Payload} {
			if len(*f) == 0 {
				*f = nil
			}
		}
	}
	return reflect.DeepEqual(a, b)
}

func TestDamage(t *testing.T) {
	whole := unhex(t, vector3)
	with := func(at int, b ...byte) []byte {
		d := bytes.Clone(whole)
		copy(d[at:], b)
		return d
	}
	for _, c := range []struct {
		name    string
		data    []byte
		err     string
		payload string // what is read of it
	}{
		{"nothing", nil, "neither HEP3 nor HEP2 at byte 0", ""},
		{"SIP without an envelope", []byte("OPTIONS sip:a SIP/2.0"), "neither HEP3 nor HEP2", ""},
		{"the magic alone", []byte("HEP3"), "neither", ""},
		{"a datagram that was cut", whole[:len(whole)-4], "a length of 124 in a packet of 120 bytes at byte 4", "OPTIONS s"},
		{"a chunk header that was cut", whole[:len(whole)-15], "a length of 124", ""},
		{"bytes behind it", append(bytes.Clone(whole), "more"...), "4 bytes behind the packet at byte 124", "OPTIONS sip:a"},
		{"a length of zero", with(4, 0, 0), "a length of 0 in a packet", "OPTIONS sip:a"},
		{"a chunk of length zero", with(10, 0, 0), "a chunk of 0 bytes, its own header has 6 at byte 10", ""},
		{"a chunk of length 5", with(10, 0, 5), "a chunk of 5 bytes", ""},
		{"a chunk beyond the end", with(10, 255, 255), "a chunk of 65535 bytes where 118 are left at byte 10", ""},
		{"a family of three bytes", unhex(t, "48455033 000f 0000 0001 0009 020202"), "chunk 1 of vendor 0 has the wrong size at byte 6", ""},
		{"two payloads", unhex(t, "48455033 0014 0000 000f 0007 61 0000 000f 0007 62"), "chunk 15 of vendor 0 repeats what was told at byte 13", "a"},
		{"a compressed payload too", unhex(t, "48455033 0014 0000 000f 0007 61 0000 0010 0007 62"), "chunk 16 of vendor 0 repeats", "a"},
		{"a port of one byte", unhex(t, "48455033 0014 0000 0007 0007 61 0000 000f 0007 62"), "chunk 7 of vendor 0 has the wrong size at byte 6", "b"},
		{"HEP2 without a header", []byte{2, 16, 2}, "HEP2 cut in its header at byte 3", ""},
		{"HEP2 of another family", append([]byte{2, 16, 7}, unhex(t, vector2)[3:]...), "the address family 7", ""},
		{"HEP2 cut in its addresses", unhex(t, vector2)[:15], "cut in the addresses at byte 15", ""},
		{"HEP2 cut in its time", unhex(t, vector2)[:27], "cut in the time at byte 27", ""},
		{"more chunks than anybody sends", unhex(t, "48455033 ea66"+strings.Repeat("0001 0001 0006", 10000)), "is one more than the 1024 that are kept", ""},
	} {
		var p Packet
		err := p.Parse(c.data)
		if err == nil || !strings.Contains(err.Error(), c.err) || string(p.Payload) != c.payload || len(p.Others) > maxOthers {
			t.Errorf("%s: %v, payload %q, %d others; want %q, %q", c.name, err, p.Payload, len(p.Others), c.err, c.payload)
		}
	}
}

func TestFrame(t *testing.T) {
	for _, c := range []struct {
		data string
		n    int
		err  bool
	}{
		{"", 0, false}, {"HEP", 0, false}, {"HEP3\x00", 0, false}, {"HEP3\x00\x06", 6, false}, {"HEP3\xff\xff", 65535, false},
		{"HEP3\x00\x05", 0, true}, {"HEP4", 0, true}, {"GET /", 0, true}, {"\x02\x10", 0, true},
	} {
		if n, err := Frame([]byte(c.data)); n != c.n || (err != nil) != c.err {
			t.Errorf("%q: %d, %v", c.data, n, err)
		}
	}
}

func TestTime(t *testing.T) {
	var p Packet
	if _, ok := p.Time(); ok {
		t.Error("a time out of nothing")
	}
	at := time.Date(2026, 8, 20, 16, 40, 0, 123456789, time.FixedZone("", 3600))
	p.SetTime(at)
	if got, ok := p.Time(); !ok || !got.Equal(at.Truncate(time.Microsecond)) {
		t.Error(got)
	}
	for _, at := range []time.Time{{}, time.Unix(1<<32, 0), time.Unix(-1, 0)} {
		p.SetTime(at)
		if got, ok := p.Time(); ok {
			t.Errorf("%v became %v", at, got)
		}
	}
}

func TestWriting(t *testing.T) {
	p := Packet{Source: netip.MustParseAddrPort("192.0.2.7:5062"), Destination: netip.MustParseAddrPort("198.51.100.1:5060"), Protocol: UDP, Kind: SIP}
	room := MaxPacket - 6 - 7 - 7 - 10 - 10 - 8 - 8 - 10 - 10 - 7 - 10 - 6
	p.Payload = make([]byte, room)
	b, err := p.AppendTo(nil)
	if err != nil || len(b) != MaxPacket {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	for _, n := range []int{room + 1, 1 << 16, 1 << 20} {
		p.Payload = make([]byte, n)
		if b, err := p.AppendTo([]byte("x")); err == nil || string(b) != "x" {
			t.Errorf("a payload of %d bytes: %d bytes, %v", n, len(b), err)
		}
	}
	mapped := Packet{Source: netip.MustParseAddrPort("[::ffff:192.0.2.7]:1")}
	b, _ = mapped.AppendTo(nil)
	var back Packet
	if err := back.Parse(b); err != nil || back.Source != mapped.Source || back.Family != IPv6 {
		t.Errorf("%+v, %v", back, err)
	}
}

// FuzzPacket: whatever is read lies within the input and is no larger; written and read again it tells the same; errors name a place within.
func FuzzPacket(f *testing.F) {
	for _, s := range []string{vector3, vector3IPv6, vector2, vector1IPv6, "48455033 0014 0000 000f 0007 61 0000 0010 0007 62", "48455033 0006"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p Packet
		err := p.Parse(data)
		if at := new(Error); err != nil && (!errors.As(err, &at) || at.Offset < 0 || at.Offset > len(data)) {
			t.Fatalf("%x: %v", data, err)
		}
		size := len(p.Payload) + len(p.AuthKey) + len(p.CorrelationID)
		for _, part := range [][]byte{p.Payload, p.AuthKey, p.CorrelationID} {
			if len(part) > 0 && !bytes.Contains(data, part) {
				t.Fatalf("%x: %x is not in it", data, part)
			}
		}
		for _, c := range p.Others {
			size += 6 + len(c.Data)
		}
		if size > len(data) {
			t.Fatalf("%x: %d bytes out of %d", data, size, len(data))
		}
		if n, ferr := Frame(data); err == nil && p.Version == 3 && (ferr != nil || n != len(data)) {
			t.Fatalf("%x: a frame of %d bytes, %v", data, n, ferr)
		}
		if err == nil && p.Version == 3 && len(data) >= 8 && !Recognise(data) {
			t.Fatalf("%x was read and not recognised", data)
		}
		b, aerr := p.AppendTo(nil)
		if aerr != nil {
			if len(data) < MaxPacket-200 {
				t.Fatalf("%x: %v", data, aerr)
			}
			return
		}
		var back Packet
		_ = back.Parse(b) // chunks that are wrong stay wrong
		back.Version = p.Version
		if !equal(p, back) {
			t.Fatalf("%x:\n%+v\nwritten %x:\n%+v", data, p, b, back)
		}
	})
}

func TestNoAllocation(t *testing.T) {
	data := unhex(t, vector3IPv6)
	var p Packet
	var dst []byte
	if n := testing.AllocsPerRun(100, func() {
		if err := p.Parse(data); err != nil {
			t.Fatal(err)
		}
		dst, _ = p.AppendTo(dst[:0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	data := unhex(b, vector3)
	var p Packet
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := p.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	var p Packet
	if err := p.Parse(unhex(b, vector3)); err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = p.AppendTo(dst[:0])
	}
}
