// Command sipscribe reads SIP out of logs and captures and tells what happened in each call.
//
//	sipscribe explain adapter.log
package main

import (
	"os"

	"sipscribe/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
