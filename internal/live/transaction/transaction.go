// Package transaction has the transactions of SIP (RFC 3261 §17, with RFC 6026 and RFC 4320) as machines without I/O, and the layer
// that finds the transaction of a message.
//
//	InviteClient      Calling ─1xx▶ Proceeding ─2xx▶ Accepted ─M▶ Terminated        A, B; D, M; 64·T1 after a CANCEL
//	                     └────────────┴──3xx-6xx▶ Completed ─D▶ Terminated         (ACK sent at once for each, §17.1.1.2)
//	NonInviteClient   Trying ─1xx▶ Proceeding ─final▶ Completed ─K▶ Terminated     E, F; K
//	InviteServer      Proceeding ─2xx▶ Accepted ─L▶ Terminated                      G, H, I; L
//	                     └──3xx-6xx▶ Completed ─ACK▶ Confirmed ─I▶ Terminated
//	NonInviteServer   Trying ─1xx▶ Proceeding ─final▶ Completed ─J▶ Terminated     J; RFC 4320: 100 at T2, no 408
//
// A machine is a plain value: Handle(now, event) returns actions, Next says when it wants to be woken. It knows bytes to send and
// the status of what it hears, nothing of sockets, clocks or other transactions:
//
//	now+0.0  EventStart                    ▶ Send INVITE
//	now+0.5  EventWake   (A)               ▶ Send INVITE
//	now+0.6  EventReceive 180              ▶ Tell                      Proceeding
//	now+16   EventCancel                   ▶ Cancel                    the layer sends it as a transaction of its own
//	now+16.1 EventReceive 487              ▶ Send ACK, Tell            Completed
//	now+48.1 EventWake   (D)               ▶ End                       Terminated
//
// The layer (Layer) is what an element holds: it owns all machines of one shard, matches messages to them (§17.1.3, §17.2.3) and hands
// what is left to the transaction user. It makes no state for a request that the user does not accept, so that a challenge can be
// stateless (§8.2.7, §26.3.2.4).
package transaction
