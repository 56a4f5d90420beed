package transaction

// Transition is one step of a machine: an arrow of its figure. From is 0 where a transaction begins. Where an event leaves the state as it is
// From and To are the same; only some of those are arrows.
type Transition struct {
	Machine  Machine
	From, To State
	Event    Event
}

// Transitions returns every arrow that there is, so that a simulation can tell which of them it never went along (Config.Observe).
func Transitions() []Transition {
	var list []Transition
	add := func(m Machine, from, to State, events ...Event) {
		for _, e := range events {
			list = append(list, Transition{m, from, to, e})
		}
	}
	const (
		calling, trying, proceeding, accepted     = StateCalling, StateTrying, StateProceeding, StateAccepted
		completed, confirmed, terminated          = StateCompleted, StateConfirmed, StateTerminated
		inviteClient, client, inviteServer, serve = InviteClient, NonInviteClient, InviteServer, NonInviteServer
	)
	// RFC 6026 Figure 5, with the CANCEL of RFC 3261 §9.1.
	add(inviteClient, 0, calling, EventStart)
	add(inviteClient, calling, calling, EventAgain, EventCancel)
	add(inviteClient, calling, proceeding, EventProvisional)
	add(inviteClient, calling, accepted, EventSuccess)
	add(inviteClient, calling, completed, EventFailure)
	add(inviteClient, calling, terminated, EventGiveUp, EventTransport)
	add(inviteClient, proceeding, proceeding, EventProvisional, EventCancel)
	add(inviteClient, proceeding, accepted, EventSuccess)
	add(inviteClient, proceeding, completed, EventFailure)
	add(inviteClient, proceeding, terminated, EventGiveUp)
	add(inviteClient, accepted, accepted, EventSuccess)
	add(inviteClient, accepted, terminated, EventLinger)
	add(inviteClient, completed, completed, EventFailure)
	add(inviteClient, completed, terminated, EventLinger, EventTransport)
	// RFC 3261 Figure 6.
	add(client, 0, trying, EventStart)
	add(client, trying, trying, EventAgain)
	add(client, trying, proceeding, EventProvisional)
	add(client, trying, completed, EventSuccess, EventFailure)
	add(client, trying, terminated, EventGiveUp, EventTransport)
	add(client, proceeding, proceeding, EventAgain, EventProvisional)
	add(client, proceeding, completed, EventSuccess, EventFailure)
	add(client, proceeding, terminated, EventGiveUp, EventTransport)
	add(client, completed, terminated, EventLinger)
	// RFC 6026 Figure 7.
	add(inviteServer, 0, proceeding, EventStart)
	add(inviteServer, proceeding, proceeding, EventRepeat, EventTrying, EventSendProvisional, EventTransport)
	add(inviteServer, proceeding, accepted, EventSendSuccess)
	add(inviteServer, proceeding, completed, EventSendFailure)
	add(inviteServer, accepted, accepted, EventRepeat, EventAck, EventSendSuccess, EventTransport)
	add(inviteServer, accepted, terminated, EventLinger)
	add(inviteServer, completed, completed, EventRepeat, EventAgain, EventTransport)
	add(inviteServer, completed, confirmed, EventAck)
	add(inviteServer, completed, terminated, EventGiveUp)
	add(inviteServer, confirmed, confirmed, EventAck)
	add(inviteServer, confirmed, terminated, EventLinger)
	// RFC 3261 Figure 8, with RFC 4320 §4 and RFC 6026 §8.8.
	add(serve, 0, trying, EventStart)
	add(serve, trying, trying, EventRepeat)
	add(serve, trying, proceeding, EventTrying, EventSendProvisional)
	add(serve, trying, completed, EventSendSuccess, EventSendFailure, EventSendTimeout, EventGiveUp)
	add(serve, proceeding, proceeding, EventRepeat, EventSendProvisional, EventTransport)
	add(serve, proceeding, completed, EventSendSuccess, EventSendFailure, EventSendTimeout, EventGiveUp)
	add(serve, completed, completed, EventRepeat, EventTransport)
	add(serve, completed, terminated, EventLinger)
	return list
}
