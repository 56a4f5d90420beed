package digest_test

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"sipscribe/digest"
)

// A proxy challenges a request, a user agent answers, the proxy accepts.
func Example() {
	user, err := digest.NewUser("spa1", "sip.example.com", "secret", digest.SHA256)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	proxy, err := digest.NewAuthority(now, digest.AuthorityConfig{
		Realm: "sip.example.com", Users: digest.NewUserTable([]digest.User{user}), Proxy: true,
		Keys: []digest.Key{{ID: 1, Secret: []byte("32 bytes from crypto/rand at best")}},
	})
	if err != nil {
		panic(err)
	}
	phone, err := digest.NewSession(digest.SessionConfig{Username: "spa1", Password: "secret", Realms: []string{"sip.example.com"}, Rand: rand.Reader})
	if err != nil {
		panic(err)
	}

	request := digest.Request{Method: "INVITE", URI: "sip:18005551212@sip.example.com", Source: netip.MustParseAddr("192.0.2.7")}
	result := proxy.Check(now, &request, nil)
	fmt.Println(result.Verdict)
	challenges := proxy.AppendChallenges(nil, now, &request, result.Verdict == digest.Stale)

	var attempt digest.Attempt
	if err := phone.Challenged(&attempt, challenges); err != nil {
		panic(err)
	}
	credentials, err := phone.AppendCredentials(nil, &attempt, request.Method, request.URI)
	if err != nil {
		panic(err)
	}
	fmt.Println(credentials[0].Field(), credentials[0].Algorithm)
	value := credentials[0].AppendTo(nil)
	fmt.Println(proxy.Check(now, &request, slices.Values([][]byte{value})).Verdict)
	result = proxy.Check(now, &request, slices.Values([][]byte{value}))
	fmt.Println(result.Verdict, "-", result.Reason)
	// Output:
	// absent
	// Proxy-Authorization SHA-256
	// accepted
	// stale - a nonce count that was used before
}
