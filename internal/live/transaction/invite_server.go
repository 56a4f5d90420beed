package transaction

// inviteServer is the INVITE server transaction: RFC 3261 §17.2.1 as RFC 6026 §8.5 to §8.8 have it (Figure 7). A transport error leaves
// every state as it is.
//
//	Proceeding ─2xx▶ Accepted ─L▶ Terminated
//	    └──300-699▶ Completed ─ACK▶ Confirmed ─I▶ Terminated
//
// The layer sets the time for the 100 after the start, since only it knows whether there is to be one.
func (m *machine) inviteServer(now instant, t *Timers, e Event) action {
	switch m.state {
	case 0:
		if e == EventStart {
			m.state = StateProceeding
		}
		return 0
	case StateProceeding:
		switch e {
		case EventRepeat:
			if m.again != never { // the user has said nothing yet
				return 0
			}
			return actAgain
		case EventTrying:
			m.again = never
			return actTrying
		case EventSendProvisional:
			m.again = never
			return actKeep | actSend
		case EventSendSuccess:
			m.state, m.again, m.end = StateAccepted, never, t.end(now, t.L)
			return actForget | actSend // repeating it is the core's (RFC 6026 §8.5)
		case EventSendFailure:
			m.state, m.again, m.end = StateCompleted, never, now.after(t.H)
			m.repeat(now, t.T1, t.T2)
			return actKeep | actSend
		case EventTransport:
			return actTransport
		}
	case StateAccepted:
		switch e {
		case EventAck:
			return actTell
		case EventSendSuccess:
			return actSend
		case EventTransport:
			return actTransport
		case EventLinger: // L
			return m.terminate()
		}
	case StateCompleted:
		switch e {
		case EventRepeat:
			return actAgain
		case EventAgain: // G
			m.repeat(now, t.T1, t.T2)
			return actAgain
		case EventAck:
			m.linger(now, t, StateConfirmed, t.I)
			return actForget
		case EventTransport:
			return actTransport
		case EventGiveUp: // H
			return actNoAck | m.terminate()
		}
	case StateConfirmed:
		if e == EventLinger { // I
			return m.terminate()
		}
	}
	return 0
}
