// Package ozonetel emulates the telephony vendor Ozonetel CloudAgent over real HTTP: one account as a state machine of agents and calls.
package ozonetel
