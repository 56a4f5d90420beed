package sdp

// Origin is an o= line (RFC 8866 §5.2): who made the description, and which version of it this is.
type Origin struct {
	Username    []byte // "-" if the host has no user names
	SessID      []byte // digits; RFC 3264 §5 keeps them within 64 bits, others do not
	SessVersion []byte // digits; increased with every change
	NetType     []byte // "IN"
	AddrType    []byte // "IP4" or "IP6"
	Address     []byte
	Line        Line
}

// Origin returns the origin and whether there is such a line. Of a malformed one it returns what can be told: the last five
// subfields are taken for what they should be, and all before them for the user name.
func (s *Session) Origin() (Origin, bool) {
	for _, l := range s.SessionLines() {
		if l.Type == 'o' {
			return parseOrigin(s.Value(l), l), true
		}
	}
	return Origin{}, false
}

func parseOrigin(v []byte, l Line) Origin {
	o := Origin{Line: l}
	n := 0
	for f := (fields{rest: v}); f.next() != nil; {
		n++
	}
	f := fields{rest: v}
	o.Username = f.next()
	if n > 6 {
		// A user name with blanks, which "MUST NOT contain spaces".
		for range n - 6 {
			next := f.next()
			o.Username = o.Username[:cap(o.Username)-cap(next)+len(next)]
		}
	}
	o.SessID, o.SessVersion, o.NetType, o.AddrType, o.Address = f.next(), f.next(), f.next(), f.next(), f.next()
	return o
}

// IsSameSession reports whether two descriptions are versions of one session: all subfields but the version are equal (RFC 8866 §5.2).
func (o Origin) IsSameSession(other Origin) bool {
	return string(o.Username) == string(other.Username) && string(o.SessID) == string(other.SessID) &&
		string(o.NetType) == string(other.NetType) && string(o.AddrType) == string(other.AddrType) &&
		string(o.Address) == string(other.Address)
}
