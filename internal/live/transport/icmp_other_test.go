//go:build !linux

package transport

const seesICMP = false
