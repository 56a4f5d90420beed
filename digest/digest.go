// Package digest is Digest access authentication as SIP uses it (RFC 3261 §22, RFC 7616, RFC 8760; RFC 2617 and 2069 for old devices): challenges
// and credentials, read and written, and both sides of the game.
//
//	UAC (Session)                                             UAS or proxy (Authority)
//	    │ INVITE sip:18005551212@example.com                      │
//	    │────────────────────────────────────────────────────────▶│ Check: Absent
//	    │ 407                                                     │ AppendChallenges: a signed nonce, nothing is kept
//	    │ Proxy-Authenticate: Digest realm="example.com",nonce="…",algorithm=SHA-256,qop="auth"
//	    │ Proxy-Authenticate: Digest realm="example.com",nonce="…",algorithm=MD5,qop="auth"
//	    │◀────────────────────────────────────────────────────────│
//	    │ Challenged: the topmost that we know                     │
//	    │ Proxy-Authorization: Digest username="spa1",realm="example.com",nonce="…",
//	    │     uri="sip:18005551212@example.com",algorithm=SHA-256,response="…",qop=auth,nc=00000001,cnonce="…"
//	    │────────────────────────────────────────────────────────▶│ Check: Accepted; from now on this nc is used
//
//	HA1      = H(username ":" realm ":" password)                  "-sess": H(HA1 ":" nonce ":" cnonce)
//	HA2      = H(method ":" digest-uri)                            auth-int: … ":" H(body)
//	response = H(HA1 ":" nonce ":" nc ":" cnonce ":" qop ":" HA2)  without qop: H(HA1 ":" nonce ":" HA2)
//
// It does no I/O, reads no clock, and draws chance only from the reader given to a Session. What is lenient about logs is in package sip; here a
// value that has two meanings is an error.
package digest
