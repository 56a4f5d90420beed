package pcap

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"sipscribe/internal/capture"
)

// mixed returns a pcapng capture of two interfaces, Ethernet and raw IP, and the packets' messages. pcapgo writes
// nanoseconds whatever one asks for; the test by hand has other resolutions.
func mixed(t testing.TB) (file []byte, want [][]byte) {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, pcapgo.NgInterface{Name: "eth0", LinkType: layers.LinkTypeEthernet, SnapLength: 0}, pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.AddInterface(pcapgo.NgInterface{Name: "tun0", LinkType: layers.LinkTypeRaw})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		data, iface := udp4(t, invite(i, i)), 0 // bodies of 0 to 5 bytes need all paddings
		if i%2 == 1 {
			data, iface = data[14:], raw
		}
		ci := gopacket.CaptureInfo{Timestamp: start.Add(time.Duration(i) * 1001 * time.Microsecond), InterfaceIndex: iface, Length: len(data), CaptureLength: len(data)}
		if i == 3 {
			err = w.WritePacketWithOptions(ci, data, pcapgo.NgPacketOptions{Comments: []string{"a comment"}})
		} else {
			err = w.WritePacket(ci, data)
		}
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, invite(i, i))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), want
}

func TestPcapngMixedInterfaces(t *testing.T) {
	file, want := mixed(t)
	if v := Sniff(file); v.Score != 100 || !strings.Contains(v.Reason, "pcapng") {
		t.Errorf("%+v", v)
	}
	for i, r := range wantMessages(t, file, want...) {
		text := []string{"23:59:59.123456000Z", "23:59:59.124457000Z", "23:59:59.125458000Z", "23:59:59.126459000Z", "23:59:59.127460000Z", "23:59:59.128461000Z"}[i]
		if r.Time.Text() != "2026-02-28T"+text || r.Origin.Number != int64(i+1) {
			t.Errorf("frame %d: %s", r.Origin.Number, r.Time.Text())
		}
	}
	// Two sections, each with its own interfaces.
	wantMessages(t, append(bytes.Clone(file), file...), append(want, want...)...)
}

// block appends a block of pcapng by hand.
func block(o binary.AppendByteOrder, b []byte, typ uint32, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	for len(all)%4 != 0 {
		all = append(all, 0)
	}
	b = o.AppendUint32(b, typ)
	b = o.AppendUint32(b, uint32(len(all)+12))
	b = append(b, all...)
	return o.AppendUint32(b, uint32(len(all)+12))
}

func u32s(o binary.AppendByteOrder, v ...uint32) (b []byte) {
	for _, v := range v {
		b = o.AppendUint32(b, v)
	}
	return b
}

func option(o binary.AppendByteOrder, code uint16, v ...byte) []byte {
	b := o.AppendUint16(nil, code)
	b = o.AppendUint16(b, uint16(len(v)))
	b = append(b, v...)
	return append(b, make([]byte, (4-len(v)%4)%4)...)
}

// TestPcapngByHand has what pcapgo does not write: both byte orders, simple and obsolete packet blocks, odd resolutions, drops,
// blocks of unknown types and packets without an interface.
func TestPcapngByHand(t *testing.T) {
	for name, o := range map[string]binary.AppendByteOrder{"little endian": binary.LittleEndian, "big endian": binary.BigEndian} {
		t.Run(name, func(t *testing.T) {
			data := udp4(t, invite(1, 3))
			n := uint32(len(data))
			epb := func(iface uint32, ticks uint64) []byte { return u32s(o, iface, uint32(ticks>>32), uint32(ticks), n, n) }
			half := func(link uint16) []byte { return o.AppendUint16(o.AppendUint16(nil, link), 0) }
			u64 := func(v uint64) []byte {
				if name == "big endian" {
					return binary.BigEndian.AppendUint64(nil, v)
				}
				return binary.LittleEndian.AppendUint64(nil, v)
			}
			f := block(o, nil, blockSection, u32s(o, magicOrder), []byte{0, 1, 0, 0}, u32s(o, 0xFFFFFFFF, 0xFFFFFFFF))
			f = block(o, f, blockInterface, half(linkEthernet), u32s(o, n), option(o, optionName, []byte("eth7")...), option(o, optionEnd))
			f = block(o, f, blockInterface, half(linkEthernet), u32s(o, 0), option(o, optionResolution, 3))
			f = block(o, f, blockInterface, half(linkEthernet), u32s(o, 0), option(o, optionResolution, 0x80|10), option(o, optionOffset, u64(1000)...))
			f = block(o, f, blockInterface, half(linkEthernet), u32s(o, 0), option(o, optionResolution, 0xFF))
			f = block(o, f, 0x0BAD, bytes.Repeat([]byte{7}, 3*windowSize)) // an unknown type of any length
			f = block(o, f, blockSimple, u32s(o, n), data)
			f = block(o, f, blockSimple, u32s(o, n+50), data, make([]byte, 50)) // cut at the snap length of eth7
			f = block(o, f, blockPacket, half(1), u32s(o, 0, 5250, n, n), data) // interface 1: 5.250 s
			f = block(o, f, blockEnhanced, epb(2, 3*1024+512), data)            // 3.5 s, and 1000
			f = block(o, f, blockEnhanced, epb(3, 7_000_000), data)             // a resolution of 2^-127 is not believed
			f = block(o, f, blockEnhanced, epb(9, 0), data)                     // no such interface
			f = block(o, f, blockEnhanced, u32s(o, 0, 0, 0, 1<<30, 1<<30), data)
			stat := func(dropped uint64) {
				f = block(o, f, blockStatistics, u32s(o, 0, 0, 0), option(o, optionIfDrop, u64(dropped)...), option(o, optionEnd))
			}
			stat(0)
			stat(5)
			stat(5)
			stat(6)
			recs, stats := decodeAll(t, f)
			want := []struct {
				kind   capture.Kind
				frame  int64
				time   string
				number int
				text   string
			}{
				{kind: capture.KindMessage, frame: 1},
				{kind: capture.KindMessage, frame: 2},
				{kind: capture.KindMessage, frame: 3, time: "1970-01-01T00:00:05.250Z"},
				{kind: capture.KindMessage, frame: 4, time: "1970-01-01T00:16:43.500000Z"},
				{kind: capture.KindMessage, frame: 5, time: "1970-01-01T00:00:07.000000Z"},
				{kind: capture.KindUnknown, frame: 6},
				{kind: capture.KindUnknown, frame: 7},
				{kind: capture.KindLoss, frame: 7, text: `the capture lost 5 packets on interface "eth7"`},
				{kind: capture.KindLoss, frame: 7, text: `the capture lost a packet on interface "eth7"`},
			}
			if len(recs) != len(want) || stats.UnrecognisedRecords != 2 {
				t.Fatalf("%d records, %+v", len(recs), stats)
			}
			for i, w := range want {
				r := recs[i]
				if r.Kind != w.kind || r.Origin.Number != w.frame || r.Time.Text() != w.time {
					t.Errorf("record %d: kind %d, frame %d, %q, want %+v", i, r.Kind, r.Origin.Number, r.Time.Text(), w)
				}
				if w.kind == capture.KindMessage {
					wantOrigin(t, f, r)
					if !bytes.Equal(r.Data, invite(1, 3)) || r.Missing != capture.MissingNothing {
						t.Errorf("record %d: %d %q", i, r.Missing, r.Data)
					}
				}
				if w.text != "" && string(r.Data) != w.text {
					t.Errorf("record %d: %s", i, r.Data)
				}
			}
		})
	}
}

func TestPcapngCutTail(t *testing.T) {
	file, want := mixed(t)
	whole, _ := decodeAll(t, file)
	torn := 0
	for cut := 1; cut < len(file); cut++ {
		recs, _ := decodeAll(t, file[:cut])
		// The packets whose blocks are whole are there; if a block is cut, one record says so.
		n := 0
		for n < len(recs) && recs[n].Kind == capture.KindMessage {
			if recs[n].Missing == capture.MissingSnap { // of the block in which the file breaks off
				if o := recs[n].Origin; o.End != int64(cut) || o.Number != int64(n+1) || !bytes.HasPrefix(want[n], recs[n].Data) || len(recs) != n+2 || recs[n+1].Origin.Number != o.Number {
					t.Fatalf("cut at %d: %+v", cut, recs[n:])
				}
				torn++
				n++
				break
			}
			if !bytes.Equal(recs[n].Data, want[n]) {
				t.Fatalf("cut at %d: %q", cut, recs[n].Data)
			}
			n++
		}
		if len(recs)-n > 1 || len(recs) > n && (recs[n].Kind != capture.KindLoss || recs[n].Origin.End != int64(cut)) {
			t.Fatalf("cut at %d: %+v", cut, recs[n:])
		}
		if n < len(whole) && whole[n].Origin.End < int64(cut)-100 {
			t.Fatalf("cut at %d: frame %d, which ends at %d, is missing", cut, n+1, whole[n].Origin.End)
		}
	}
	if torn == 0 {
		t.Error("of no block that breaks off a message is shown")
	}
}

func TestPcapngCorrupt(t *testing.T) {
	file, want := mixed(t)
	whole, _ := decodeAll(t, file)
	third := whole[2].Origin.Start - 42 - 28 // the block of frame 3: its header, then Ethernet, IP and UDP
	for name, damage := range map[string]func(b []byte){
		"a length too long":   func(b []byte) { binary.LittleEndian.PutUint32(b[4:], 0xFFFFFF00) },
		"an odd length":       func(b []byte) { binary.LittleEndian.PutUint32(b[4:], 33) },
		"lengths that differ": func(b []byte) { binary.LittleEndian.PutUint32(b[4:], 400) },
	} {
		bad := bytes.Clone(file)
		damage(bad[third:])
		recs, _ := decodeAll(t, bad)
		if len(recs) != 6 || recs[2].Kind != capture.KindLoss || !bytes.Equal(recs[1].Data, want[1]) || !bytes.Equal(recs[3].Data, want[3]) {
			t.Errorf("%s: %+v", name, recs)
			continue
		}
		if text := string(recs[2].Data); !strings.HasPrefix(text, "after frame 2 stands a block") || !strings.Contains(text, "were passed over") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// TestAgainstGopacket reads captures with pcapgo's readers too: the frames must have the same bytes, lengths and times.
func TestAgainstGopacket(t *testing.T) {
	ng, _ := mixed(t)
	classicFile := capturePcap(t, layers.LinkTypeEthernet, shot{data: udp4(t, invite(1, 9))}, shot{data: udp4(t, ringing(1)), cut: 40}, shot{data: []byte{1}, after: time.Hour})
	type reader interface {
		ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	}
	ngReader, err := pcapgo.NewNgReader(bytes.NewReader(ng), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	classicReader, err := pcapgo.NewReader(bytes.NewReader(classicFile))
	if err != nil {
		t.Fatal(err)
	}
	big := bigEndianPcap(magicNano, 1, udp4(t, invite(1, 9)))
	bigReader, err := pcapgo.NewReader(bytes.NewReader(big))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file []byte
		r    reader
	}{{ng, ngReader}, {classicFile, classicReader}, {big, bigReader}} {
		d := New(newInput(c.file)).(*decoder)
		for n := 1; ; n++ {
			data, ci, err := c.r.ReadPacketData()
			if ours := d.read(); ours != err {
				t.Fatalf("frame %d: %v, pcapgo: %v", n, ours, err)
			}
			if err == io.EOF {
				break
			}
			f := &d.frame
			if !bytes.Equal(f.data, data) || f.length != int64(ci.Length) || f.sec != ci.Timestamp.Unix() || int(f.nsec) != ci.Timestamp.Nanosecond() {
				t.Errorf("frame %d: %d bytes of %d at %d.%d, pcapgo: %+v", n, len(f.data), f.length, f.sec, f.nsec, ci)
			}
			if !bytes.Equal(c.file[f.offset:f.offset+int64(len(f.data))], data) {
				t.Errorf("frame %d: the offset %d leads elsewhere", n, f.offset)
			}
		}
	}
}
