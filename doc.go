// Package helix holds the words of the business.
package helix
