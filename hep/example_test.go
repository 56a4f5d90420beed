package hep_test

import (
	"fmt"
	"net/netip"
	"time"

	"sipscribe/hep"
)

// An agent sends what it saw, a collector reads it.
func Example() {
	p := hep.Packet{
		Protocol: hep.UDP, Kind: hep.SIP, Agent: 2001,
		Source: netip.MustParseAddrPort("192.0.2.7:5062"), Destination: netip.MustParseAddrPort("198.51.100.1:5060"),
		Payload: []byte("OPTIONS sip:example.com SIP/2.0\r\n\r\n"),
	}
	p.SetTime(time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC))
	datagram, err := p.AppendTo(nil)
	if err != nil {
		panic(err)
	}

	var got hep.Packet
	if err := got.Parse(datagram); err != nil {
		panic(err)
	}
	at, _ := got.Time()
	fmt.Println(len(datagram), "bytes:", at.Format(time.DateTime), got.Source, got.Destination)
	fmt.Printf("%q\n", got.Payload)
	// Output:
	// 134 bytes: 2026-08-20 16:40:00 192.0.2.7:5062 198.51.100.1:5060
	// "OPTIONS sip:example.com SIP/2.0\r\n\r\n"
}
