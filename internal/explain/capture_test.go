package explain

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pcapOf makes a capture of raw IP packets (pcap, link type 101) of a text: before each message a line "> seconds from to", with the addresses and ports of
// its UDP datagram. A line "~" at the end of a message takes away the line end before it.
func pcapOf(t testing.TB, text []byte) []byte {
	t.Helper()
	le, be := binary.LittleEndian, binary.BigEndian
	out := le.AppendUint32(nil, 0xa1b2c3d4)
	out = le.AppendUint32(out, 2|4<<16)
	out = append(out, make([]byte, 8)...)
	out = le.AppendUint32(out, 65535)
	out = le.AppendUint32(out, 101)
	for _, part := range strings.Split("\n"+strings.TrimSuffix(string(text), "\n"), "\n> ")[1:] {
		head, message, _ := strings.Cut(part, "\n")
		words := strings.Fields(head)
		if len(words) != 3 {
			t.Fatalf("call.capture: %q", head)
		}
		seconds, err := strconv.ParseFloat(words[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		from, to := netip.MustParseAddrPort(words[1]), netip.MustParseAddrPort(words[2])
		message = strings.TrimSuffix(message+"\n", "\n~\n")
		data := bytes.ReplaceAll([]byte(message), []byte("\n"), []byte("\r\n"))
		at := time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
		size := uint32(28 + len(data))
		out = le.AppendUint32(out, uint32(at.Unix()))
		out = le.AppendUint32(out, uint32(at.Nanosecond()/1000))
		out = le.AppendUint32(le.AppendUint32(out, size), size)
		out = be.AppendUint16(append(out, 0x45, 0), uint16(size))
		out = append(out, 0, 0, 0, 0, 64, 17, 0, 0)
		out = append(append(out, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
		out = be.AppendUint16(be.AppendUint16(out, from.Port()), to.Port())
		out = be.AppendUint16(out, uint16(8+len(data)))
		out = append(append(out, 0, 0), data...)
	}
	return out
}
