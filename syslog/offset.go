package syslog

import "encoding/binary"

// OffsetMap leads from an offset in a text that was cleaned (escapes undone, line prefixes taken away) back to the offset
// in the text as it was logged. It is a chain of pairs of varints, (run, extra): after run bytes that correspond one
// to one, the logged text has extra bytes that the clean text has not (negative: fewer). A map of 35 lines takes 70 bytes.
//
// The nil map is the identity.
type OffsetMap []byte

// Add returns the map with one more step: run bytes after the last step that correspond one to one, then extra bytes that
// only the logged text has.
func (m OffsetMap) Add(run, extra int) OffsetMap {
	m = binary.AppendUvarint(m, uint64(run))
	return binary.AppendVarint(m, int64(extra))
}

// Logged returns the offset in the logged text of the byte at offset clean in the clean text. Both count from the
// beginning of the message.
func (m OffsetMap) Logged(clean int) int {
	at, shift := 0, 0
	for len(m) > 0 {
		run, n := binary.Uvarint(m)
		if n <= 0 {
			break
		}
		extra, k := binary.Varint(m[n:])
		if k <= 0 {
			break
		}
		m = m[n+k:]
		at += int(run)
		if clean < at {
			break
		}
		shift += int(extra)
	}
	return clean + shift
}
