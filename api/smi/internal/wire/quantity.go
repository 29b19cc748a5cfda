package wire

import (
	"regexp"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"
)

// quantityForm is every form of a quantity that is read. It bounds the digits and the exponent: apimachinery accepts
// exponents of billions, and computes with them digit by digit.
var quantityForm = regexp.MustCompile(
	`^[+-]?([0-9]{1,19}(\.[0-9]{0,20})?|\.[0-9]{1,20})([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$`)

// Quantity returns a number, written as a number or as a Kubernetes quantity in text. The second result is false when the
// value is absent or not a number, and a sentence was recorded.
func (v Value) Quantity() (resource.Quantity, bool) {
	var text string
	switch data := v.data.(type) {
	case nil:
		v.Fault("is missing")
		return resource.Quantity{}, false
	case int64:
		return *resource.NewQuantity(data, resource.DecimalSI), true
	case float64:
		text = strconv.FormatFloat(data, 'g', -1, 64)
	case string:
		text = data
	}
	if quantityForm.MatchString(text) {
		if quantity, err := resource.ParseQuantity(text); err == nil {
			return quantity, true
		}
	}
	v.Fault("is %s, which is not a number", v.shown())
	return resource.Quantity{}, false
}
