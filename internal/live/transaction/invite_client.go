package transaction

// inviteClient is the INVITE client transaction: RFC 3261 §17.1.1.2 as RFC 6026 §8.4 has it (Figure 5), with the CANCEL of §9.1.
//
//	Calling ─1xx▶ Proceeding ─2xx▶ Accepted ─M▶ Terminated
//	   └────────────┴──300-699▶ Completed ─D▶ Terminated
func (m *machine) inviteClient(now instant, t *Timers, e Event) action {
	switch m.state {
	case 0:
		if e == EventStart {
			m.state, m.end = StateCalling, now.after(t.B)
			m.repeat(now, t.T1, t.B)
			return actKeep | actSend
		}
	case StateCalling:
		switch e {
		case EventAgain:
			m.repeat(now, t.T1, t.B) // doubles without a limit but B (§17.1.1.2)
			return actAgain
		case EventProvisional:
			m.state, m.again, m.end = StateProceeding, never, never
			if m.cancel == cancelHeld {
				return actTell | m.sendCancel(now, t)
			}
			return actTell
		case EventCancel:
			// §9.1: "the client MUST wait for the arrival of a provisional response before sending the request"
			if m.cancel == cancelNone {
				m.cancel = cancelHeld
			}
			return 0
		case EventGiveUp: // B
			return actTimeout | m.terminate()
		case EventTransport:
			return actTransport | m.terminate()
		case EventSuccess, EventFailure:
			return m.inviteFinal(now, t, e)
		}
	case StateProceeding:
		// A transport error has no arrow here: nothing is being sent, and the final response may come over another connection
		// (§18.2.2).
		switch e {
		case EventProvisional:
			return actTell
		case EventCancel:
			if m.cancel == cancelNone {
				return m.sendCancel(now, t)
			}
		case EventGiveUp: // 64·T1 after the CANCEL, §9.1
			return actTimeout | m.terminate()
		case EventSuccess, EventFailure:
			return m.inviteFinal(now, t, e)
		}
	case StateAccepted:
		switch e {
		case EventSuccess:
			return actTell // RFC 6026 §8.4: each is passed up, and not acknowledged here
		case EventLinger: // M
			return m.terminate()
		}
	case StateCompleted:
		switch e {
		case EventFailure:
			return actAck // at once, and not told again
		case EventTransport:
			// Figure 5 informs the user; it has its final response, and ClientEnded tells it the rest.
			return m.terminate()
		case EventLinger: // D
			return m.terminate()
		}
	}
	return 0
}

// sendCancel sends the CANCEL and begins the wait of §9.1: "If there is no final response for the original request in 64*T1 seconds …
// the client SHOULD then consider the original transaction cancelled".
func (m *machine) sendCancel(now instant, t *Timers) action {
	m.cancel, m.end = cancelSent, now.after(64*t.T1)
	return actCancel
}

// inviteFinal takes the final response. A CANCEL that is still held is dropped by that (§9.1).
func (m *machine) inviteFinal(now instant, t *Timers, e Event) action {
	if e == EventSuccess {
		m.state, m.again, m.end = StateAccepted, never, t.end(now, t.M) // for all transports (RFC 6026 §8.4)
		return actForget | actTell
	}
	m.linger(now, t, StateCompleted, t.D)
	return actAck | actTell
}
