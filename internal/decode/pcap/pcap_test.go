package pcap

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

// decodeAll decodes a whole capture and keeps copies of its records.
func decodeAll(t testing.TB, file []byte) ([]capture.Record, decode.Stats) {
	t.Helper()
	recs, stats, err := tryDecode(bytes.NewReader(file), decode.Options{KeepUnrecognised: true})
	if err != nil {
		t.Fatal(err)
	}
	return recs, stats
}

func tryDecode(r io.Reader, opt decode.Options) ([]capture.Record, decode.Stats, error) {
	in := &decode.Input{Source: 3, Name: "test.pcap", R: decode.NewReader(r), Options: opt}
	d := New(in)
	var recs []capture.Record
	for {
		var rec capture.Record
		switch err := d.Next(&rec); err {
		case nil:
			rec.Data = bytes.Clone(rec.Data)
			recs = append(recs, rec)
		case io.EOF:
			return recs, in.Stats, nil
		default:
			return recs, in.Stats, err
		}
	}
}

// wantMessages checks that the records are these messages, whole, and that each Origin leads to its bytes in the file. It returns the
// records.
func wantMessages(t *testing.T, file []byte, want ...[]byte) []capture.Record {
	t.Helper()
	recs, stats := decodeAll(t, file)
	if len(recs) != len(want) {
		for _, r := range recs {
			t.Logf("frame %d kind %d missing %d: %.60q", r.Origin.Number, r.Kind, r.Missing, r.Data)
		}
		t.Fatalf("%d records, want %d; %+v", len(recs), len(want), stats)
	}
	for i, r := range recs {
		if r.Kind != capture.KindMessage || !bytes.Equal(r.Data, want[i]) || r.Missing != capture.MissingNothing {
			t.Errorf("record %d: kind %d, missing %d, data %q\nwant %q", i, r.Kind, r.Missing, r.Data, want[i])
		}
		wantOrigin(t, file, r)
	}
	return recs
}

// wantOrigin checks that the bytes in the file are those of the record, as far as its first frame holds them.
func wantOrigin(t testing.TB, file []byte, r capture.Record) {
	t.Helper()
	o := r.Origin
	if o.Unit != capture.Frame || o.Source != 3 || o.Start >= o.End || o.End > int64(len(file)) || o.End-o.Start > int64(len(r.Data)) {
		t.Fatalf("origin %+v of %d bytes in a file of %d", o, len(r.Data), len(file))
	}
	if got := file[o.Start:o.End]; !bytes.Equal(got, r.Data[:len(got)]) {
		t.Errorf("frame %d: the file has %.40q… at the origin, the record %.40q…", o.Number, got, r.Data)
	}
}

func TestDatagram(t *testing.T) {
	file := ethernetPcap(t, udp4(t, invite(1, 30)), udp4Ports(t, 40000, 40001, ringing(1)))
	recs := wantMessages(t, file, invite(1, 30), ringing(1))
	r := recs[0]
	if got := r.Src.String() + " " + r.Dst.String() + " " + r.Src.Transport.String(); got != "192.0.2.1:5062 192.0.2.2:5060 UDP" {
		t.Error(got)
	}
	if r.Origin.Number != 1 || recs[1].Origin.Number != 2 || r.Direction != capture.DirectionUnknown {
		t.Errorf("%+v", r)
	}
	// 24 bytes of file header, 16 of packet header, 14 Ethernet, 20 IP, 8 UDP.
	if r.Origin.Start != 24+16+14+20+8 {
		t.Errorf("start %d", r.Origin.Start)
	}
	if r.Time.Text() != "2026-02-28T23:59:59.123456Z" || r.Time.Clock != start.UnixNano() || r.Time.Basis != capture.BasisLog {
		t.Errorf("%s %d", r.Time.Text(), r.Time.Clock)
	}
}

func TestTimeOverMidnight(t *testing.T) {
	var shots []shot
	for i, d := range []time.Duration{0, 876 * time.Millisecond, 877 * time.Millisecond, time.Minute, 24 * time.Hour, 3 * time.Hour} {
		shots = append(shots, shot{data: udp4(t, ringing(i)), after: d - time.Duration(i)*time.Millisecond})
	}
	recs, _ := decodeAll(t, capturePcap(t, layers.LinkTypeEthernet, shots...))
	want := []string{"2026-02-28T23:59:59.123456Z", "2026-02-28T23:59:59.999456Z", "2026-03-01T00:00:00.000456Z",
		"2026-03-01T00:00:59.123456Z", "2026-03-01T23:59:59.123456Z", "2026-03-01T02:59:59.123456Z"}
	for i, r := range recs {
		utc, _ := r.Time.UTC()
		if r.Time.Text() != want[i] || utc.Format("2006-01-02T15:04:05.000000Z") != want[i] {
			t.Errorf("frame %d: %s (%s), want %s", i+1, r.Time.Text(), utc, want[i])
		}
	}
	if len(recs) != len(want) {
		t.Error(len(recs))
	}
}

func TestMagicNumbers(t *testing.T) {
	frame := udp4(t, invite(1, 0))
	cases := map[string]struct {
		file []byte
		text string
	}{
		"micro, big endian":                         {bigEndianPcap(magicMicro, 1, frame, frame), "2026-02-28T23:59:59.123456Z"},
		"nano, big endian":                          {bigEndianPcap(magicNano, 1, frame, frame), "2026-02-28T23:59:59.123456000Z"},
		"modified, big endian":                      {bigEndianPcap(magicModified, 1, frame, frame), "2026-02-28T23:59:59.123456Z"},
		"link type with a length of check sequence": {bigEndianPcap(magicMicro, 0x14000001, frame, frame), "2026-02-28T23:59:59.123456Z"},
	}
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: start.Add(7), Length: len(frame), CaptureLength: len(frame)}, frame); err != nil {
			t.Fatal(err)
		}
	}
	cases["nano, little endian"] = struct {
		file []byte
		text string
	}{b.Bytes(), "2026-02-28T23:59:59.123456007Z"}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if v := Format.Sniff(c.file); v.Score != 100 || v.Reason == "" {
				t.Errorf("%+v", v)
			}
			for _, r := range wantMessages(t, c.file, invite(1, 0), invite(1, 0)) {
				if r.Time.Text() != c.text {
					t.Errorf("%s, want %s", r.Time.Text(), c.text)
				}
			}
		})
	}
	for _, head := range []string{"", "\xa1", "INVITE sip:bob@example.com SIP/2.0", "\n\r\r\nxxxxyyyy"} {
		if v := Sniff([]byte(head)); v.Score != 0 {
			t.Errorf("%q: %+v", head, v)
		}
	}
}

func TestLinkTypes(t *testing.T) {
	msg := invite(1, 10)
	dgram := func(ls ...gopacket.SerializableLayer) []byte {
		return join(t, append(ls, ip4(layers.IPProtocolUDP), udp(5062, 5060), gopacket.Payload(msg))...)
	}
	v4 := dgram()
	v6 := join(t, ip6(layers.IPProtocolUDP), udp(5062, 5060), gopacket.Payload(msg))
	pre := func(head string, b []byte) []byte { return append([]byte(head), b...) }
	e4 := dgram(ether(layers.EthernetTypeIPv4))
	for _, c := range []struct {
		name string
		link layers.LinkType
		data []byte
	}{
		{"Ethernet, IPv4", linkEthernet, e4},
		{"Ethernet, IPv6", linkEthernet, join(t, ether(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP), udp(5062, 5060), gopacket.Payload(msg))},
		{"Ethernet with a trailer", linkEthernet, append(bytes.Clone(e4), 0, 0, 0, 0)},
		{"VLAN", linkEthernet, dgram(ether(layers.EthernetTypeDot1Q), &layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeIPv4})},
		{"QinQ", linkEthernet, dgram(ether(layers.EthernetTypeQinQ), &layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeDot1Q}, &layers.Dot1Q{VLANIdentifier: 8, Type: layers.EthernetTypeIPv4})},
		{"MPLS", linkEthernet, dgram(ether(layers.EthernetTypeMPLSUnicast), &layers.MPLS{Label: 5, TTL: 3}, &layers.MPLS{Label: 6, TTL: 3, StackBottom: true})},
		{"PPPoE", linkEthernet, dgram(ether(layers.EthernetTypePPPoESession), &layers.PPPoE{Version: 1, Type: 1, SessionId: 9}, &layers.PPP{PPPType: layers.PPPTypeIPv4})},
		{"raw 12", linkRawBSD, v4},
		{"raw 14", linkRawOpen, v6},
		{"raw 101", linkRaw, v6},
		{"IPv4", linkIPv4, v4},
		{"IPv6", linkIPv6, v6},
		{"NULL little endian", linkNull, pre("\x02\x00\x00\x00", v4)},
		{"NULL big endian", linkNull, pre("\x00\x00\x00\x1e", v6)},
		{"LOOP", linkLoop, pre("\x00\x00\x00\x18", v6)},
		{"SLL", linkSLL, pre("\x00\x00\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00\x08\x00", v4)},
		{"SLL, VLAN", linkSLL, pre("\x00\x00\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00\x81\x00\x00\x07\x86\xdd", v6)},
		{"SLL2", linkSLL2, pre("\x86\xdd\x00\x00\x00\x00\x00\x02\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00", v6)},
		{"PPP", linkPPP, pre("\xff\x03\x00\x21", v4)},
		{"PPP, compressed", linkPPP, pre("\x57", v6)},
		{"PPP in HDLC", linkPPPHDLC, pre("\xff\x03\x00\x57", v6)},
		{"Cisco HDLC", linkCHDLC, pre("\x0f\x00\x08\x00", v4)},
		{"PPPoE bare", linkPPPoE, pre("\x11\x00\x00\x09\x00\x00\x00\x21", v4)},
		{"IPv4 with options", linkRaw, join(t, &layers.IPv4{Version: 4, TTL: 1, Protocol: layers.IPProtocolUDP, SrcIP: alice4, DstIP: bob4,
			Options: []layers.IPv4Option{{OptionType: 1}, {OptionType: 1}, {OptionType: 1}, {OptionType: 1}}}, udp(5062, 5060), gopacket.Payload(msg))},
		{"IPv6 extension headers", linkRaw, join(t, ip6(layers.IPProtocolIPv6HopByHop),
			gopacket.Payload(pre("\x3c\x00\x01\x04\x00\x00\x00\x00"+"\x33\x01\x01\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"+"\x11\x04\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", v6[40:])))},
		{"IPv6 atomic fragment", linkRaw, join(t, ip6(layers.IPProtocolIPv6Fragment), gopacket.Payload(pre("\x11\x00\x00\x00\x00\x00\x00\x09", v6[40:])))},
		{"IPv4 in IPv4", linkRaw, dgram(ip4(layers.IPProtocolIPv4))},
		{"IPv4 in IPv6", linkRaw, dgram(ip6(layers.IPProtocolIPv4))},
		{"IPv6 in IPv4", linkRaw, join(t, ip4(layers.IPProtocolIPv6), ip6(layers.IPProtocolUDP), udp(5062, 5060), gopacket.Payload(msg))},
		{"GRE", linkRaw, dgram(ip4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeIPv4, KeyPresent: true, Key: 4, SeqPresent: true})},
		{"GRE with Ethernet", linkRaw, dgram(ip4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeTransparentEthernetBridging}, ether(layers.EthernetTypeIPv4))},
		{"VXLAN", linkRaw, dgram(ip4(layers.IPProtocolUDP), udp(50000, portVXLAN), &layers.VXLAN{ValidIDFlag: true, VNI: 3}, ether(layers.EthernetTypeIPv4))},
		{"lengths of 0 by segmentation offload", linkRaw, func() []byte {
			b := bytes.Clone(v4)
			b[2], b[3], b[24], b[25] = 0, 0, 0, 0
			return b
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := capturePcap(t, c.link, shot{data: c.data})
			// pcapgo writes the link type in 8 bits less than there are for some; the field is patched.
			binary.LittleEndian.PutUint32(file[20:], uint32(c.link))
			r := wantMessages(t, file, msg)[0]
			if r.Src.Port != 5062 || r.Dst.Port != 5060 || r.Src.Transport != capture.UDP {
				t.Errorf("%v to %v", r.Src, r.Dst)
			}
			if s := r.Src.Addr.String() + " " + r.Dst.Addr.String(); s != "192.0.2.1 192.0.2.2" && s != "2001:db8::1 2001:db8::2" {
				t.Error(s)
			}
		})
	}
}

func TestNothingToRead(t *testing.T) {
	arp := join(t, ether(layers.EthernetTypeARP), gopacket.Payload(make([]byte, 28)))
	icmp := join(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolICMPv4), gopacket.Payload(make([]byte, 28)))
	rtp := append([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 160)...)
	rtcp := []byte{0x80, 200, 0, 1, 0, 0, 0, 1}
	stun := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 12)...)
	noPorts := join(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), gopacket.Payload("short"))
	for _, c := range []struct {
		name  string
		frame []byte
		want  decode.Stats
	}{
		{"ARP", arp, decode.Stats{Other: 1}},
		{"ICMP", icmp, decode.Stats{Other: 1}},
		{"RTP", udp4Ports(t, 40000, 40002, rtp), decode.Stats{Media: 1}},
		{"RTCP", udp4Ports(t, 40001, 40003, rtcp), decode.Stats{Media: 1}},
		{"DNS", udp4Ports(t, 53, 4000, []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01")), decode.Stats{Other: 1}},
		{"double CRLF", udp4(t, []byte("\r\n\r\n")), decode.Stats{KeepAlives: 1}},
		{"CRLF", udp4(t, []byte("\r\n")), decode.Stats{KeepAlives: 1}},
		{"CRLF on another port", udp4Ports(t, 7000, 7001, []byte("\r\n\r\n")), decode.Stats{KeepAlives: 1}},
		{"zero bytes", udp4(t, make([]byte, 4)), decode.Stats{KeepAlives: 1}},
		{"an empty datagram", udp4(t, nil), decode.Stats{KeepAlives: 1}},
		{"STUN", udp4(t, stun), decode.Stats{KeepAlives: 1}},
		{"STUN on another port", udp4Ports(t, 3478, 7001, stun), decode.Stats{Other: 1}},
		{"text on another port", udp4Ports(t, 7000, 7001, []byte("hello, this speaks of sip\r\n")), decode.Stats{Other: 1}},
		{"binary on the SIP port", udp4(t, []byte("\x01\x02\x03\x04sip")), decode.Stats{UnrecognisedRecords: 1}},
		{"text on the SIP port", udp4(t, []byte("GET / HTTP/1.1\r\nHost: 192.0.2.2\r\n\r\n")), decode.Stats{UnrecognisedRecords: 1}},
		{"an IP packet cut short", noPorts, decode.Stats{UnrecognisedRecords: 1}},
		{"no packet", []byte{1, 2, 3}, decode.Stats{UnrecognisedRecords: 1}},
	} {
		recs, stats := decodeAll(t, ethernetPcap(t, c.frame))
		if stats != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, stats, c.want)
		}
		if int64(len(recs)) != c.want.UnrecognisedRecords {
			t.Errorf("%s: %d records", c.name, len(recs))
		}
		for _, r := range recs {
			if r.Kind != capture.KindUnknown {
				t.Errorf("%s: kind %d", c.name, r.Kind)
			}
			wantOrigin(t, ethernetPcap(t, c.frame), r)
		}
	}
	// Without the option they are only counted.
	recs, stats, err := tryDecode(bytes.NewReader(ethernetPcap(t, noPorts)), decode.Options{})
	if len(recs) != 0 || stats.UnrecognisedRecords != 1 || err != nil {
		t.Errorf("%v %+v %v", recs, stats, err)
	}
}

func TestLenientOnSIPPort(t *testing.T) {
	tail := "\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n\r\n"
	for _, c := range []struct {
		name          string
		payload, data string
		anyPort       bool
	}{
		{"line ends before it", "\r\n\r\nOPTIONS sip:a@example.com SIP/2.0" + tail, "OPTIONS sip:a@example.com SIP/2.0" + tail, true},
		{"zero bytes before it", "\x00\x00SIP/2.0 200 OK" + tail, "SIP/2.0 200 OK" + tail, true},
		{"an odd method", "x-1.y*z tel:+15551234 SIP/2.0" + tail, "x-1.y*z tel:+15551234 SIP/2.0" + tail, true},
		{"an odd version", "INVITE sip:a@example.com sip/7.0" + tail, "INVITE sip:a@example.com sip/7.0" + tail, true},
		{"junk before it", "\x01\x7f\x80BYE sip:a@example.com SIP/2.0" + tail, "BYE sip:a@example.com SIP/2.0" + tail, false},
		{"junk before a response", "\x01??SIP/2.0 486 Busy Here" + tail, "SIP/2.0 486 Busy Here" + tail, false},
		{"a line of junk before it", "nonsense\r\nBYE sip:a@example.com SIP/2.0" + tail, "BYE sip:a@example.com SIP/2.0" + tail, false},
		{"no version", "INVITE sip:a@example.com" + tail, "INVITE sip:a@example.com" + tail, false},
		{"no status code", "SIP/2.0 OK" + tail, "SIP/2.0 OK" + tail, false},
	} {
		recs, _ := decodeAll(t, ethernetPcap(t, udp4(t, []byte(c.payload))))
		if len(recs) != 1 || recs[0].Kind != capture.KindMessage || string(recs[0].Data) != c.data {
			t.Errorf("%s: %+v", c.name, recs)
		} else {
			wantOrigin(t, ethernetPcap(t, udp4(t, []byte(c.payload))), recs[0])
		}
		recs, _ = decodeAll(t, ethernetPcap(t, udp4Ports(t, 9, 10, []byte(c.payload))))
		if got := len(recs) == 1 && recs[0].Kind == capture.KindMessage; got != c.anyPort {
			t.Errorf("%s on another port: %+v", c.name, recs)
		}
	}
}

func TestSnapLength(t *testing.T) {
	msg := invite(1, 100)
	udpFrame := udp4(t, msg)
	file := capturePcap(t, layers.LinkTypeEthernet, shot{data: udpFrame, cut: 90}, shot{data: udp4(t, ringing(1))})
	recs, _ := decodeAll(t, file)
	if len(recs) != 2 || recs[0].Missing != capture.MissingSnap || !bytes.Equal(recs[0].Data, msg[:len(msg)-90]) || recs[1].Missing != capture.MissingNothing {
		t.Fatalf("%+v", recs)
	}
	wantOrigin(t, file, recs[0])

	// A cut segment: the stream goes on behind it.
	file = capturePcap(t, layers.LinkTypeEthernet,
		shot{data: tcp4(t, 5070, 5060, 100, tcpFlags{}, msg), cut: 90},
		shot{data: tcp4(t, 5070, 5060, 100+uint32(len(msg)), tcpFlags{}, ringing(1))})
	recs, _ = decodeAll(t, file)
	if len(recs) != 2 || recs[0].Missing != capture.MissingSnap || !bytes.Equal(recs[0].Data, msg[:len(msg)-90]) ||
		recs[1].Missing != capture.MissingNothing || !bytes.Equal(recs[1].Data, ringing(1)) {
		t.Fatalf("%+v", recs)
	}
}

func TestCutTail(t *testing.T) {
	file := ethernetPcap(t, udp4(t, invite(1, 0)), udp4(t, invite(2, 0)))
	second := 24 + 16 + len(udp4(t, invite(1, 0)))
	for cut := second + 1; cut < len(file); cut++ {
		recs, _ := decodeAll(t, file[:cut])
		// What is there of the message, as soon as it shows that it is one, and then the loss.
		const headers = 16 + 14 + 20 + 8
		if there := cut - second - headers; there >= len("INVITE sip:bob@example.com SIP/2.0\r\n") {
			if len(recs) != 3 || recs[1].Missing != capture.MissingSnap || recs[1].Origin.Number != 2 || !bytes.Equal(recs[1].Data, invite(2, 0)[:there]) {
				t.Fatalf("cut at %d: %+v", cut, recs)
			}
			wantOrigin(t, file, recs[1])
		}
		loss := recs[len(recs)-1]
		if len(recs) > 3 || len(recs) < 2 || recs[0].Kind != capture.KindMessage || loss.Kind != capture.KindLoss {
			t.Fatalf("cut at %d: %+v", cut, recs)
		}
		o := loss.Origin
		if o.Number != 2 || o.Start != int64(second) || o.End != int64(cut) || !strings.Contains(string(loss.Data), "ends in the middle of") {
			t.Fatalf("cut at %d: %+v %s", cut, o, loss.Data)
		}
	}
	if recs, _ := decodeAll(t, file[:second]); len(recs) != 1 {
		t.Errorf("%+v", recs)
	}
	// A source that breaks with an error of its own keeps its good packets and tells the error; one that merely ends early does not.
	for _, c := range []struct {
		err, want error
		recs      int
	}{{io.ErrUnexpectedEOF, nil, 2}, {io.ErrClosedPipe, io.ErrClosedPipe, 1}} {
		recs, _, err := tryDecode(io.MultiReader(bytes.NewReader(file[:second+30]), iotest.ErrReader(c.err)), decode.Options{})
		if len(recs) != c.recs || err != c.want {
			t.Errorf("%v: %v, %d records", c.err, err, len(recs))
		}
	}
}

func TestNoCapture(t *testing.T) {
	if recs, _ := decodeAll(t, nil); len(recs) != 0 {
		t.Errorf("%+v", recs)
	}
	recs, stats := decodeAll(t, []byte("INVITE sip:bob@example.com SIP/2.0\r\n"))
	if len(recs) != 1 || recs[0].Kind != capture.KindLoss || stats.UnrecognisedRecords != 1 || !strings.Contains(string(recs[0].Data), "neither a pcap nor a pcapng") {
		t.Errorf("%+v", recs)
	}
	if recs, _ := decodeAll(t, ethernetPcap(t)[:11]); len(recs) != 1 || recs[0].Kind != capture.KindLoss {
		t.Errorf("%+v", recs)
	}
}

func TestCorruptLength(t *testing.T) {
	var frames [][]byte
	for i := range 5 {
		frames = append(frames, udp4(t, invite(i, i)))
	}
	file := ethernetPcap(t, frames...)
	second := 24 + 16 + len(frames[0])
	binary.LittleEndian.PutUint32(file[second+8:], 0xFFFFFFF0)
	recs, _ := decodeAll(t, file)
	if len(recs) != 5 || recs[1].Kind != capture.KindLoss || !strings.Contains(string(recs[1].Data), "bytes of the file were passed over") {
		t.Fatalf("%+v", recs)
	}
	for i, want := range []int{0, -1, 2, 3, 4} {
		if want >= 0 && !bytes.Equal(recs[i].Data, invite(want, want)) {
			t.Errorf("record %d: %q", i, recs[i].Data)
		}
	}
	// Nothing follows that could be a packet.
	recs, _ = decodeAll(t, append(file[:second+16], bytes.Repeat([]byte{0xFF}, 700000)...))
	if len(recs) != 2 || recs[1].Kind != capture.KindLoss || recs[1].Origin.Start != int64(second) || recs[1].Origin.End != int64(second+16+700000) {
		t.Fatalf("%+v", recs)
	}
}
