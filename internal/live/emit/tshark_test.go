//go:build interop

package emit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sipscribe/internal/capture"
)

// TestTshark: the second reader of our captures sees the same messages, right checksums and no malformed packet.
func TestTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not here: ", err)
	}
	for _, tr := range []capture.Transport{capture.UDP, capture.TCP, capture.TLS} {
		for _, v6 := range []bool{false, true} {
			t.Run(fmt.Sprint(tr, " IPv6 ", v6), func(t *testing.T) {
				port := uint16(5060)
				if tr == capture.TLS {
					port = 5061
				}
				name := filepath.Join(t.TempDir(), "sip.pcap")
				if err := os.WriteFile(name, pcapOf(t, over(call(t), tr, v6, port)), 0o600); err != nil {
					t.Fatal(err)
				}
				base := []string{"-n", "-r", name, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
					"-d", "tcp.port==5061,sip"}
				out, err := exec.Command("tshark", append(base[:len(base):len(base)], "-Y", "sip", "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code")...).Output()
				if err != nil {
					t.Fatal(err)
				}
				if got, want := strings.Join(strings.Fields(string(out)), " "), "INVITE 407 ACK INVITE 100 180 CANCEL 200 487 ACK"; got != want {
					t.Errorf("tshark sees %s, want %s", got, want)
				}
				bad := append(base, "-Y", "ip.checksum.status==0 || udp.checksum.status==0 || tcp.checksum.status==0 || _ws.malformed || tcp.analysis.lost_segment || tcp.analysis.retransmission || tcp.analysis.ack_lost_segment")
				if out, err := exec.Command("tshark", bad...).Output(); err != nil || len(out) > 0 {
					t.Errorf("tshark finds fault: %s, %v", out, err)
				}
			})
		}
	}
}
