// Package syslog reads and writes syslog records as devices send them and as collectors keep them.
//
// A record has a header, which one of eight layouts writes, and a text:
//
//	<134>text                                                          PRI only: what an SPA sends
//	<134>Aug 20 16:40:00 192.168.0.2 app[7]: text                      RFC 3164; a file has it without the PRI
//	<134>1 2022-02-11T17:40:45.003Z host app 7 id [x@1 a="b"] text     RFC 5424
//	2022-02-11T17:40:45.003123+01:00 host app[7]: text                 rsyslog's RSYSLOG_FileFormat
//	2022-02-11 17:40:45 ⇥ Local2.Debug ⇥ 192.168.1.5 ⇥ text            Kiwi
//	192.168.1.5 ⇥ Feb 11 17:40:45 ⇥ host ⇥ local2 ⇥ debug ⇥ tag ⇥ text Visual Syslog Server
//	Fri Feb 11 17:40:45 2022;192.168.1.5; <167>text                    tftpd64
//	text                                                               none
//
// Header.Parse reads all of them, never fails and never loses a byte: the line is what stands before Text, and Text.
//
// A SIP message has line ends, a line of a log has none. What a collector made of them is an Escape; DetectEscape tells
// which, AppendUnescaped undoes it and gives an OffsetMap back to the text as it was logged, and AppendEscaped does what
// the collector does:
//
//	received              INVITE sip:b@x SIP/2.0 CR LF Via: …
//	EscapeCaret           INVITE sip:b@x SIP/2.0^M Via: …            sysklogd
//	EscapeHashOctal       INVITE sip:b@x SIP/2.0#015#012Via: …       rsyslog
//	EscapeC               INVITE sip:b@x SIP/2.0\r\nVia: …           rsyslog, C style
//	EscapeDecimal         INVITE sip:b@x SIP/2.0<013><010>Via: …     Kiwi
//	EscapeNamed           INVITE sip:b@x SIP/2.0<CR><LF>Via: …       terminals and viewers
//	EscapeBlanks          INVITE sip:b@x SIP/2.0  Via: …             syslog-ng with no-multi-line
//	EscapeSpaceLF         INVITE sip:b@x SIP/2.0 CR Via: …           rsyslog with SpaceLF: a raw CR, and a blank
//
// rsyslog also puts a blank into the URI of a request that came without a header; TagBlank tells where.
//
// Over TCP records come in frames (RFC 6587), which FrameReader reads and AppendOctetCounted and AppendLFFrame write.
package syslog
