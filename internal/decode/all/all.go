// Package all lists the formats that sipscribe reads.
//
//	pcap, pcapng   by their magic number
//	spa            syslog lines with the marks of an SPA
//	siptext        SIP in any other text
package all

import (
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/pcap"
	"sipscribe/internal/decode/siptext"
	"sipscribe/internal/decode/spa"
)

// Formats are the formats in sniffing order: among equals the first wins, so the particular stands before the general.
var Formats = []*decode.Format{
	pcap.Format,
	spa.Format,
	siptext.Format,
}

// Named returns the format of a name, nil if there is none.
func Named(name string) *decode.Format {
	for _, f := range Formats {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Default reads what no format recognises by its beginning: SIP may come later.
var Default = siptext.Format
