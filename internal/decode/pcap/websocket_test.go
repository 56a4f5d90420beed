package pcap

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"sipscribe/internal/capture"
)

// wsBytes returns a frame of WebSocket; head is its first byte.
func wsBytes(head byte, payload []byte, masked bool) []byte {
	b := []byte{head}
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !masked {
		return append(b, payload...)
	}
	key := []byte{0x11, 0xf2, 0x33, 0x80}
	b = append(b, key...)
	for i, c := range payload {
		b = append(b, c^key[i&3])
	}
	return b
}

const (
	wsRequest  = "GET /sip HTTP/1.1\r\nHost: ws.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
	wsResponse = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
)

// SIP over WebSocket is read however the stream is cut into segments, masked or not, in one frame or several, with pings between.
func TestWebSocket(t *testing.T) {
	long := invite(3, 70000)
	for name, c := range map[string]struct {
		stream []byte
		want   [][]byte
	}{
		"a client": {slices.Concat([]byte(wsRequest), wsBytes(0x81, invite(1, 20), true), wsBytes(0x8A, nil, true), wsBytes(0x81, []byte("\r\n\r\n"), true),
			wsBytes(0x82, ringing(1), true), wsBytes(0x88, []byte{3, 0xE8}, true)), [][]byte{invite(1, 20), ringing(1)}},
		"a server":                {slices.Concat([]byte(wsResponse), wsBytes(0x81, invite(1, 20), false), wsBytes(0x81, ringing(1), false)), [][]byte{invite(1, 20), ringing(1)}},
		"without its beginning":   {slices.Concat(wsBytes(0x81, ringing(2), true), wsBytes(0x81, invite(1, 0), true)), [][]byte{ringing(2), invite(1, 0)}},
		"a message in frames":     {slices.Concat([]byte(wsRequest), wsBytes(0x01, invite(1, 0)[:10], true), wsBytes(0x89, nil, true), wsBytes(0x00, invite(1, 0)[10:90], true), wsBytes(0x80, invite(1, 0)[90:], true), wsBytes(0x81, ringing(1), true)), [][]byte{invite(1, 0), ringing(1)}},
		"a long message":          {slices.Concat([]byte(wsRequest), wsBytes(0x81, long, true), wsBytes(0x81, ringing(1), true)), [][]byte{long, ringing(1)}},
		"something else inside":   {slices.Concat([]byte(wsRequest), wsBytes(0x81, []byte("{\"chat\": \"SIP/2.0 200 OK\"}"), true)), nil},
		"an upgrade to something": {[]byte("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n" + "x"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			cuts := [][]int{nil, {1}, {len(c.stream) / 2}, {len(c.stream) - 1}}
			for cut := 2; cut < min(len(c.stream), 500); cut += 13 {
				cuts = append(cuts, []int{cut, min(cut+40, len(c.stream))})
			}
			if len(c.stream) > 60000 {
				cuts = [][]int{{30000, 50000}, {40, 40000}}
			}
			if c.stream[0] == 0x81 {
				cuts = cuts[2:3] // nothing but a start line tells that it is WebSocket: the first segment must have one
			}
			for _, cut := range cuts {
				recs, _ := decodeAll(t, ethernetPcap(t, segments(t, 5070, 8080, c.stream, cut...)...))
				var got [][]byte
				for _, r := range recs {
					if r.Kind == capture.KindMessage {
						got = append(got, r.Data)
						if r.Src.Transport != capture.WS || r.Dst.Port != 8080 {
							t.Errorf("%+v", r)
						}
					}
				}
				if !slices.EqualFunc(got, c.want, bytes.Equal) {
					t.Fatalf("cut at %v: %d messages %.300q", cut, len(got), got)
				}
			}
		})
	}
}

// Behind a hole the next segment that begins with a frame is read; what is left of the message before is told as such.
func TestWebSocketHole(t *testing.T) {
	stream := slices.Concat([]byte(wsRequest), wsBytes(0x81, invite(1, 300), true), wsBytes(0x81, ringing(1), true), wsBytes(0x81, ringing(2), true))
	a := len(wsRequest)
	b := a + len(wsBytes(0x81, invite(1, 300), true))
	c := b + len(wsBytes(0x81, ringing(1), true))
	s := segments(t, 5070, 8080, stream, a, a+200, b-20, b, c)
	recs, _ := decodeAll(t, ethernetPcap(t, s[0], s[1], s[2], s[4], s[5], s[6]))
	if len(recs) != 3 || recs[0].Missing != capture.MissingStream || !bytes.Equal(recs[1].Data, ringing(1)) || !bytes.Equal(recs[2].Data, ringing(2)) {
		t.Errorf("%d records: %+v", len(recs), recs)
	}
}
