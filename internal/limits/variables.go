package limits

// checkVariables measures decoded JSON.
func checkVariables(limits Options, variables map[string]any) error {
	count := 0
	for _, v := range variables {
		if err := checkVariable(limits, v, &count); err != nil {
			return err
		}
	}
	return nil
}

// checkVariable counts a value and what it holds. The decoder bounds the depth.
func checkVariable(limits Options, v any, count *int) error {
	if *count++; *count > limits.Values {
		return exceeded("values in the variables", limits.Values)
	}
	switch v := v.(type) {
	case []any:
		if len(v) > limits.ListItems {
			return exceeded("items in one list", limits.ListItems)
		}
		for _, item := range v {
			if err := checkVariable(limits, item, count); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, member := range v {
			if err := checkVariable(limits, member, count); err != nil {
				return err
			}
		}
	}
	return nil
}
