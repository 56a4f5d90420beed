package spalog

import "testing"

func TestIsAgent(t *testing.T) {
	for agent, want := range map[string]bool{"Sipura/SPA3000-2.0.13(GWg)": true, "Linksys/SPA2102-5.2.10": true, "Cisco/SPA303-7.4.7": true,
		"Cisco-SPA525G": true, "sipscribe/SPA": true, "Cisco-SIPGateway/IOS-12.x": false, "Asterisk PBX": false, "": false} {
		if got := IsAgent([]byte(agent)); got != want {
			t.Errorf("%s: %v", agent, got)
		}
	}
}
