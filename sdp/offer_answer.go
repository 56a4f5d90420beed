package sdp

// Outcome is what became of one stream when an offer met its answer (RFC 3264 §6).
type Outcome uint8

const (
	// OutcomeUnknown is no outcome.
	OutcomeUnknown Outcome = iota
	// Accepted: offered, and answered with a port.
	Accepted
	// Rejected: offered, and answered with port 0 (RFC 3264 §6).
	Rejected
	// NotWanted: the offer itself has port 0, which ends the stream or keeps its place empty (RFC 3264 §5.1, §8.2).
	NotWanted
	// Unanswered: the answer has no media section in this place, as it must (RFC 3264 §6).
	Unanswered
	// Unoffered: the answer has a media section for which the offer has none, as it must not (RFC 3264 §6).
	Unoffered
)

// String returns the word for it.
func (o Outcome) String() string {
	switch o {
	case Accepted:
		return "accepted"
	case Rejected:
		return "rejected"
	case NotWanted:
		return "not wanted"
	case Unanswered:
		return "unanswered"
	case Unoffered:
		return "unoffered"
	}
	return "unknown"
}

// Stream is one media section of an offer together with that of the answer in the same place.
type Stream struct {
	Offer   Media // the zero Media if Outcome is Unoffered
	Answer  Media // the zero Media if Outcome is Unanswered
	Outcome Outcome

	// What must agree in an answer that accepts, and does here; all three are true if Outcome is not Accepted.
	SameType      bool // the media type (RFC 3264 §6.1)
	SameProto     bool // the transport protocol: RTP/AVP against RTP/SAVP is the usual quarrel
	DirectionFits bool // the direction is one that may answer that of the offer (RFC 3264 §6.1)
}

// Streams appends to dst the streams of an offer and its answer, matched by their places (RFC 3264 §6), and returns the extended
// slice. It allocates only to extend dst.
func Streams(dst []Stream, offer, answer *Session) []Stream {
	for i := range max(offer.MediaCount(), answer.MediaCount()) {
		st := Stream{Offer: offer.Media(i), Answer: answer.Media(i), SameType: true, SameProto: true, DirectionFits: true}
		switch {
		case st.Offer.IsZero():
			st.Outcome = Unoffered
		case st.Offer.IsRejected():
			st.Outcome = NotWanted
		case st.Answer.IsZero():
			st.Outcome = Unanswered
		case st.Answer.IsRejected():
			st.Outcome = Rejected
		default:
			st.Outcome = Accepted
			st.SameType = equalFoldBytes(st.Offer.Type(), st.Answer.Type())
			st.SameProto = equalFoldBytes(st.Offer.Proto(), st.Answer.Proto())
			st.DirectionFits = st.Offer.Direction().Fits(st.Answer.Direction())
		}
		dst = append(dst, st)
	}
	return dst
}

// CommonCodecs appends to dst the codecs of an answer that were offered, in the answerer's order of preference, and returns the
// extended slice. The first that is neither telephone-event nor comfort noise is the one the offerer should send (RFC 3264 §6.1).
//
// RTP codecs are the same if encoding name, without regard to case (RFC 8866 §5.14), and clock rate are; payload type numbers may
// differ (RFC 3264 §6.1). Channels are not compared, because some leave them out where they are not one. A payload type that the
// answer does not describe, though it should, is taken for what the offer calls it. The formats of other protocols are
// compared as words. Whether the answer rejects the stream is not asked.
func CommonCodecs(dst []Codec, offer, answer Media) []Codec {
	if offer.IsZero() || answer.IsZero() {
		return dst
	}
	offered := make([]Codec, 0, 16)
	for c := range offer.Codecs() {
		offered = append(offered, c)
	}
	for c := range answer.Codecs() {
		for _, o := range offered {
			if same, ok := c.agreed(o); ok {
				dst = append(dst, same)
				break
			}
		}
	}
	return dst
}

// agreed returns the codec of an answer, described by the offer where the answer does not, and whether it is the offered one.
func (c Codec) agreed(offered Codec) (Codec, bool) {
	switch {
	case c.PayloadType < 0 || offered.PayloadType < 0:
		return c, c.PayloadType == offered.PayloadType && equalFoldBytes(c.Format, offered.Format)
	case len(c.Name) == 0 && c.PayloadType == offered.PayloadType:
		c.Name, c.ClockRate, c.Channels, c.Static = offered.Name, offered.ClockRate, offered.Channels, offered.Static
		return c, true
	}
	return c, len(c.Name) > 0 && c.ClockRate == offered.ClockRate && equalFoldBytes(c.Name, offered.Name)
}
