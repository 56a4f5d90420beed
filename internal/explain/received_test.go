package explain

import "testing"

// TestMayHaveReceived holds the quick look at a Via to its promise: it may say yes too often, never no.
func TestMayHaveReceived(t *testing.T) {
	for via, want := range map[string]bool{
		"SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=192.0.2.1":       true,
		"SIP/2.0/UDP 10.0.0.1;Received=192.0.2.1;branch=z9hG4bK1":       true,
		"SIP/2.0/UDP 10.0.0.1 ; rport=5060 ;\treceived = 192.0.2.1":     true,
		"SIP/2.0/UDP 10.0.0.1;rport;RECEIVED=192.0.2.1;branch=z9hG4bK1": true,
		"SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;rport=5060":               false,
		"SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKreceived;rport":             false,
		"SIP/2.0/UDP 10.0.0.1 received=192.0.2.1":                       true,
		"SIP/2.0/UDP received.example.com;r":                            true,
		"SIP/2.0/UDP 10.0.0.1;r":                                        false,
		";":                                                             false,
		"":                                                              false,
	} {
		if got := mayHaveReceived([]byte(via)); got != want {
			t.Errorf("%q: %v, want %v", via, got, want)
		}
	}
}
