package sdp

const maxPayloadType = 127 // RFC 8866 §6.6: a 7-bit field

// staticPayloadType is what RTP/AVP says of a payload type that no rtpmap describes.
type staticPayloadType struct {
	name      []byte
	clockRate int32
	channels  int8 // 0: not told (video, and MPA, whose stream tells)
}

// payloadTypes are the static payload types of RFC 3551 §6, tables 4 and 5. Type 2 is left out as there: reserved, because it
// was G721 in RFC 1890 and G726-32 after it, and those two pack their bits in different orders.
var payloadTypes = [...]staticPayloadType{
	0:  {[]byte("PCMU"), 8000, 1},
	3:  {[]byte("GSM"), 8000, 1},
	4:  {[]byte("G723"), 8000, 1},
	5:  {[]byte("DVI4"), 8000, 1},
	6:  {[]byte("DVI4"), 16000, 1},
	7:  {[]byte("LPC"), 8000, 1},
	8:  {[]byte("PCMA"), 8000, 1},
	9:  {[]byte("G722"), 8000, 1},
	10: {[]byte("L16"), 44100, 2},
	11: {[]byte("L16"), 44100, 1},
	12: {[]byte("QCELP"), 8000, 1},
	13: {[]byte("CN"), 8000, 1},
	14: {[]byte("MPA"), 90000, 0},
	15: {[]byte("G728"), 8000, 1},
	16: {[]byte("DVI4"), 11025, 1},
	17: {[]byte("DVI4"), 22050, 1},
	18: {[]byte("G729"), 8000, 1},
	25: {[]byte("CelB"), 90000, 0},
	26: {[]byte("JPEG"), 90000, 0},
	28: {[]byte("nv"), 90000, 0},
	31: {[]byte("H261"), 90000, 0},
	32: {[]byte("MPV"), 90000, 0},
	33: {[]byte("MP2T"), 90000, 0},
	34: {[]byte("H263"), 90000, 0},
}

// staticPayloadTypes has one bit for each of them.
var staticPayloadTypes = func() (bits uint64) {
	for pt, p := range payloadTypes {
		if p.name != nil {
			bits |= 1 << pt
		}
	}
	return bits
}()
