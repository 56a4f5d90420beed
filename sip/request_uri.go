package sip

// AppendRequestURI appends the URI without what must not stand in a Request-URI: headers, and the method parameter (RFC 3261 §19.1.1 table 1), as AppendURIText does.
func (u *URI) AppendRequestURI(dst []byte) []byte {
	raw := u.Raw
	if u.Headers != nil {
		raw = raw[:len(raw)-len(u.Headers)-1]
	}
	if !u.IsSIP() || !u.Params.Has("method") {
		return AppendURIText(dst, raw)
	}
	dst = AppendURIText(dst, raw[:len(raw)-len(u.Params.Raw())])
	for p := range u.Params.All {
		if equalFold(p.Name, "method") {
			continue
		}
		dst = AppendURIText(append(dst, ';'), p.Name)
		if p.HasValue {
			dst = AppendURIText(append(dst, '='), p.Value)
		}
	}
	return dst
}

// AppendURIText appends the text of a URI. A byte that no URI has is escaped, so that it ends neither the URI nor the line.
func AppendURIText[T string | []byte](dst []byte, b T) []byte {
	for i := range len(b) {
		c := b[i]
		if c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"' {
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
