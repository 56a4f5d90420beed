package spa

import (
	"bytes"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/proof"
)

// FuzzDecode holds the format to what every decoder of text promises (package proof).
func FuzzDecode(f *testing.F) {
	for _, s := range proof.TextSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v := Format.Sniff(text)
		proof.Verdict(t, v.Score, v.Reason)
		in := &decode.Input{R: decode.NewReader(bytes.NewReader(text)), Options: decode.Options{KeepUnrecognised: true}}
		dec := Format.New(in)
		proof.Records(t, len(text), func() (proof.Record, bool) {
			var r capture.Record
			err := dec.Next(&r)
			if in.TurnedWhole {
				r.Origin.Number = -r.Origin.Number
			}
			return proof.Record{Start: r.Origin.Start, End: r.Origin.End, Number: r.Origin.Number, Data: r.Data, Words: r.Kind == capture.KindLoss}, err == nil
		})
	})
}
