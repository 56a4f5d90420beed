package spalog

import "bytes"

// SoftwareAgent begins the User-Agent of sipscribe's own software SPA, which does and logs as the device does.
const SoftwareAgent = "sipscribe/SPA"

// agents are how the User-Agent (in responses: Server) of an adapter or SPA telephone begins, by its maker over the years.
var agents = [...][]byte{[]byte("Sipura/"), []byte("Linksys/"), []byte("Cisco/SPA"), []byte("Cisco-SPA"), []byte("Linksys SPA"), []byte("Sipura SPA"),
	[]byte(SoftwareAgent)}

// IsAgent reports whether a User-Agent or Server is that of a Sipura, Linksys or Cisco adapter or SPA telephone, or of our software SPA.
func IsAgent(agent []byte) bool {
	for _, a := range agents {
		if bytes.HasPrefix(agent, a) {
			return true
		}
	}
	return false
}
