package limits

// checkVariables measures decoded JSON.
func checkVariables(limits Options, variables map[string]any) error {
	count := 0
	for _, v := range variables {
		if err := checkVariable(limits, v, 0, &count); err != nil {
			return err
		}
	}
	return nil
}

// checkVariable counts a value, below so many lists and objects, and what it holds.
func checkVariable(limits Options, v any, depth int, count *int) error {
	if *count++; *count > limits.Values {
		return exceeded("values in the variables", limits.Values)
	}
	switch v.(type) {
	case []any, map[string]any:
		if depth++; depth > limits.ValueDepth {
			return exceeded("levels of nested values", limits.ValueDepth)
		}
	}
	switch v := v.(type) {
	case string:
		return checkString(limits, v)
	case []any:
		if len(v) > limits.ListItems {
			return exceeded("items in one list", limits.ListItems)
		}
		for _, item := range v {
			if err := checkVariable(limits, item, depth, count); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, member := range v {
			if err := checkVariable(limits, member, depth, count); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkString(limits Options, s string) error {
	if len(s) > limits.StringBytes {
		return exceeded("bytes in one string", limits.StringBytes)
	}
	return nil
}
