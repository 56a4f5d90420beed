package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/live/ua"
	"sipscribe/internal/media"
)

// describe says an event in words.
func (tel *telephone) describe(e ua.Event) string {
	peer := strings.TrimPrefix(e.Peer, "sip:")
	switch e.Kind {
	case ua.EventRegistered:
		return "registered for " + shortTime(e.Expires)
	case ua.EventUnregistered:
		return "no longer registered"
	case ua.EventRegisterFailed:
		why, hint := tel.failure(e)
		if hint != "" {
			why += "; " + hint
		}
		return "not registered: " + why
	case ua.EventCalling:
		return "calling " + peer
	case ua.EventTrying:
		return "the proxy is trying"
	case ua.EventRinging:
		if e.Status == 180 {
			return "it rings there"
		}
		return fmt.Sprintf("in progress: %d %s", e.Status, e.Reason)
	case ua.EventIncoming:
		return "a call from " + peer
	case ua.EventAnswered:
		if e.By == ua.Local {
			return "answered"
		}
		return "they have answered"
	case ua.EventHeld:
		return "they have put the call on hold"
	case ua.EventResumed:
		return "they have taken the call back"
	case ua.EventUnchanged:
		return fmt.Sprintf("they have not agreed to hold or resume: %d %s", e.Status, e.Reason)
	case ua.EventDigit:
		return "they pressed " + e.Reason
	case ua.EventUndialled:
		return fmt.Sprintf("the Dial Plan makes no number of %s, and nothing is called; \"call %s\" calls it without the plan", e.Reason, e.Reason)
	case ua.EventTurnedAway:
		if e.Status == 302 {
			return fmt.Sprintf("a call from %s was sent on: %s", peer, e.Reason)
		}
		return fmt.Sprintf("a call from %s got busy: %s", peer, e.Reason)
	case ua.EventEnded:
		why := ""
		switch {
		case e.Call == "":
			return "nothing is called: " + e.Reason
		case e.Status != 0 && e.By == ua.Network:
			reason, _ := tel.failure(e)
			why = " (" + reason + ")"
		case e.Status != 0:
			why = fmt.Sprintf(" (%d %s)", e.Status, e.Reason)
		}
		why += heard(e.Audio)
		switch e.By {
		case ua.Local:
			return "ended by us" + why
		case ua.Remote:
			return "ended by them" + why
		}
		return "ended" + why
	}
	return e.Kind.String()
}

// failure says why a registration or a call has come to nothing, and what to do about it, "" if that is not known. Where nobody has answered, the status is
// one that the phone itself lets that stand for (RFC 3261 §8.1.3.1), and is not told as somebody's word.
func (tel *telephone) failure(e ua.Event) (why, hint string) {
	said := fmt.Sprintf("%d %s", e.Status, e.Reason)
	switch {
	case e.By == ua.Network && strings.Contains(e.Reason, "its certificate"):
		// It is there, and runs: this is not to be looked for where nobody answers.
		return strings.ReplaceAll(e.Reason, "the certificate of its authority", "the certificate of its authority with --ca FILE"), ""
	case e.By == ua.Network && e.Status == 503:
		return "the proxy cannot be reached: " + e.Reason, "check --proxy, and that it runs there"
	case e.By == ua.Network && e.Status == 408:
		return "the proxy does not answer", "check --proxy, and that nothing between drops UDP"
	case e.Status == 403 && tel.stranger && !tel.domain:
		return said, domainHint
	case e.Status != 401 && e.Status != 407 && (e.Status != 404 || tel.domain || e.Kind != ua.EventRegisterFailed):
		return said, ""
	case e.Status == 404:
		return said, domainHint
	case e.Demand.Realm != "" && e.Demand.Realm == e.Demand.Accepted:
		return fmt.Sprintf("the realm %s has taken this user and password before and refuses them now (%s)", shortRealm(e.Demand.Realm), said),
			"a gateway behind the proxy may be asking by the same name: whoever runs the proxy has to check the account that it has there"
	case e.Demand.Accepted != "" && e.Demand.Realm != "":
		return fmt.Sprintf("the realm %s refuses, and not %s, which has taken this user and password (%s)", shortRealm(e.Demand.Realm), shortRealm(e.Demand.Accepted), said),
			"it is that of a gateway or provider behind the proxy: whoever runs the proxy has to check the account that it has there"
	case tel.password && e.Demand.Unknown:
		return fmt.Sprintf("the realm %s asks for credentials, and the phone has those of another one (%s)", shortRealm(e.Demand.Realm), said), "check the setting Realm; it may be a gateway or provider behind the proxy that asks"
	case !tel.password:
		return "a password is asked for, and there is none (" + said + ")", "give it with --password-file FILE"
	}
	return "the user or the password is refused (" + said + ")", "check --user, --auth-id and the password"
}

// shortRealm returns a realm in quotes, of a length that a sentence can hold.
func shortRealm(realm string) string {
	const most = 60
	if r := []rune(realm); len(r) > most {
		realm = string(r[:most]) + "…"
	}
	return strconv.Quote(realm)
}

// domainHint is what to do about a proxy that knows no such user.
const domainHint = "the proxy may keep the users of another domain than the one that --proxy names: say which with --domain"

// heard says what the sound of a call came to.
func heard(n *media.Counts) string {
	if n == nil {
		return ""
	}
	s := fmt.Sprintf("; sound packets: %d sent, %d received", n.Sent, n.Received.Packets)
	if n.Received.Packets > 0 {
		s += fmt.Sprintf(", %d lost, jitter %v", n.Received.Lost, n.Received.Jitter.Round(time.Millisecond/10))
	}
	if n.Remote.Reported {
		s += fmt.Sprintf("; they miss %d of ours", max(n.Remote.Reception.Lost, 0))
	}
	if n.Strangers > 0 {
		s += fmt.Sprintf("; %d came from an address that is not theirs", n.Strangers)
	}
	return s
}

// shortTime writes a time as one would type it: 1h, 1m30s.
func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
