// Package sandbox runs emulators of the outside systems on ports of their own, with a control server and simulated traffic.
package sandbox
