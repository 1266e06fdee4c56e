// Package phone turns what people and providers write into [helix.Phone], and back into the forms that others store.
//
// It owns the reading of numbers. There are two readers, because two kinds of text arrive: [Parse] reads what a person
// typed and says what is wrong with it; [FromProvider] reads a provider's field, where an unreadable number is a fact
// of telephony (a withheld caller, a test call) and simply becomes the empty Phone.
//
// Invariants:
//   - Every Phone that leaves the package is empty or "+" and 7 to 15 digits, and both readers accept it again unchanged.
//   - No error and no token reveals a number: errors never repeat their input, and [Token] cannot be reversed by trying
//     all ten-digit numbers without the secret.
//
// It refuses to guess the country of a number that is neither international nor a national number of the given region.
package phone
