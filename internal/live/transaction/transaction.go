// Package transaction has the transactions of SIP (RFC 3261 §17, with RFC 6026 and RFC 4320) as machines without I/O, and the layer
// that finds the transaction of a message.
//
//	INVITE client       Calling ─1xx▶ Proceeding ─2xx▶ Accepted ─M▶ Terminated      A, B; D, M; 64·T1 after a CANCEL
//	                       └────────────┴──300-699▶ Completed ─D▶ Terminated       (ACK at once for each, §17.1.1.2)
//	non-INVITE client   Trying ─1xx▶ Proceeding ─final▶ Completed ─K▶ Terminated   E, F; K
//	INVITE server       Proceeding ─2xx▶ Accepted ─L▶ Terminated                    G, H, I; L; 100 after 200 ms
//	                       └──300-699▶ Completed ─ACK▶ Confirmed ─I▶ Terminated
//	non-INVITE server   Trying ─100▶ Proceeding ─final▶ Completed ─J▶ Terminated   J; RFC 4320: 100 at 3.5 s, no 408
//
// A machine is a plain value: it is handed an event and the time, and says what is to be done; it has a time at which it wants to be woken.
// It knows nothing of bytes, sockets, clocks or other transactions. One file has each of them, as its figure draws it:
//
//	now+0.0   start            ▶ keep+send         Calling
//	now+0.5   timer A/E/G      ▶ again             Calling
//	now+0.6   1xx              ▶ tell              Proceeding
//	now+16.0  cancel           ▶ CANCEL            Proceeding    a transaction of its own
//	now+16.1  300-699          ▶ ACK+tell          Completed
//	now+48.1  timer D/I/…      ▶ forget+end        Terminated
//
// The layer (Layer) is what an element holds. It owns all machines of one element, matches messages to them (§17.1.3, §17.2.3), does what they
// say, and hands the rest to the transaction user (User). It makes no state for a request that the user does not accept, so that a challenge
// can be stateless (§8.2.7, §26.3.2.4). Everything that it is told it does at once and in order: there is no queue, no goroutine and no lock.
package transaction
