package transaction

import "strconv"

// Event is what can happen to a transaction, by the labels of the figures.
type Event uint8

const (
	EventStart           Event = iota + 1 // the user sends the request, or takes it on
	EventProvisional                      // client: a 1xx came
	EventSuccess                          // client: a 2xx came
	EventFailure                          // client: a 3xx-6xx came
	EventCancel                           // INVITE client: the user cancels (§9.1)
	EventRepeat                           // server: the request came again
	EventAck                              // INVITE server: the ACK came
	EventSendProvisional                  // server: 1xx from the user
	EventSendSuccess                      // server: 2xx from the user
	EventSendFailure                      // server: 3xx-6xx from the user
	EventSendTimeout                      // non-INVITE server: 408 from the user, which is not sent (RFC 4320 §4.2)
	EventTransport                        // transport error
	EventTrying                           // server: time for a 100 (200 ms, or RFC 4320 §4.1)
	EventAgain                            // Timer A, E or G: send again
	EventGiveUp                           // Timer B, F or H; 64·T1 after a CANCEL; the client of a non-INVITE server has given up
	EventLinger                           // Timer D, I, J, K, L or M: nothing more will come
	events
)

var eventNames = [events]string{"none", "start", "1xx", "2xx", "300-699", "cancel", "request again", "ACK", "1xx from TU", "2xx from TU",
	"300-699 from TU", "408 from TU", "transport error", "time for 100", "timer A/E/G", "timer B/F/H", "timer D/I/J/K/L/M"}

// String returns the label.
func (e Event) String() string {
	if e < events {
		return eventNames[e]
	}
	return "event " + strconv.Itoa(int(e))
}
