package transport

const seesICMP = true
