package pcap

import (
	"bytes"
	"io"
	"testing"

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
