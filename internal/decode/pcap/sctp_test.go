package pcap

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"sipscribe/internal/capture"
)

// sctpData returns a DATA chunk; flags 2 is the first piece of a message, 1 the last.
func sctpData(flags byte, data []byte) []byte {
	b := []byte{0, flags, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(data)))
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func sctpFrame(t testing.TB, port uint16, chunks ...[]byte) []byte {
	b := make([]byte, 12)
	binary.BigEndian.PutUint16(b, 40000)
	binary.BigEndian.PutUint16(b[2:], port)
	for _, c := range chunks {
		b = append(b, c...)
	}
	return join(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolSCTP), gopacket.Payload(b))
}

// Each DATA chunk with the beginning of a message is told; other chunks are passed over.
func TestSCTP(t *testing.T) {
	sack := []byte{3, 0, 0, 4}
	recs, stats := decodeAll(t, ethernetPcap(t, sctpFrame(t, 5060, sack, sctpData(3, invite(1, 21)), sctpData(3, ringing(1))), sctpFrame(t, 5060, sctpData(2, ringing(2)[:60])),
		sctpFrame(t, 5060, sctpData(1, ringing(2)[60:])), sctpFrame(t, 9899, sctpData(3, []byte("not SIP"))), sctpFrame(t, 5060, sack)))
	if len(recs) != 3 || !bytes.Equal(recs[0].Data, invite(1, 21)) || !bytes.Equal(recs[1].Data, ringing(1)) || recs[2].Missing != capture.MissingPart {
		t.Fatalf("%d records: %+v", len(recs), recs)
	}
	if r := recs[0]; r.Src.Transport != capture.SCTP || r.Src.String() != "192.0.2.1:40000" || r.Dst.Port != 5060 || stats.Other != 3 {
		t.Errorf("%+v, %+v", r, stats)
	}
}
