// Package rules lists the rules of diagnose, one a file.
//
//	message_cut.go         the logger or the capture kept only the beginning of a message
//	looks_injected.go      something inside a message looks like a record of the log
//	body_edited.go         somebody replaced addresses in the log
//	body_short.go          a body shorter than it says, for no cause that the log shows
//	fields_unread.go       a header of more lines than are read
//	addresses_hidden.go    addresses were replaced by a mask
//	curly_quotes.go        a web page or editor turned quotes into typographic ones
//	line_ends_shown.go     a collector wrote the line ends of the messages as visible characters
//	lines_wrapped.go       a mail program or terminal broke long lines, which are put together again
//	clock_coarse.go        what the clock of the log cannot tell
//	newest_first.go        the file has its newest line first
//	clock_goes_back.go     a later line of the file has an earlier time
//	out_of_order.go        the file has the lines of a call in another order than that in which they came about
//	logged_twice.go        each message stands in the log twice
//	start_line_only.go     the device logs only the first line of each message
//	start_line_damaged.go  a syslog daemon took a word of the start line for a host name
//	direction_open.go      the evidence for a message's way contradicts itself
//	message_invalid.go     a message that is meant as SIP, and is none by its grammar
package rules

import "sipscribe/internal/diagnose"

// All are the rules in the order in which they run: artefacts first, since the others ask what is damaged.
var All = []*diagnose.Rule{
	MessageCut,
	LooksInjected,
	BodyEdited,
	BodyShort,
	FieldsUnread,
	AddressesHidden,
	CurlyQuotes,
	LineEndsShown,
	LinesWrapped,
	ClockCoarse,
	NewestFirst,
	ClockGoesBack,
	OutOfOrder,
	LoggedTwice,
	StartLineOnly,
	StartLineDamaged,
	DirectionOpen,
	MessageInvalid,
}

// Named returns the rule of a code, nil if there is none.
func Named(code string) *diagnose.Rule {
	for _, r := range All {
		if r.Code == code {
			return r
		}
	}
	return nil
}
