package main

import "testing"

func TestTableFitsSchema(t *testing.T) {
	all, err := loadRecorded()
	if err != nil {
		t.Fatal(err)
	}
	for name, schema := range all.Resources {
		if schema.behaviour.Source == "" {
			t.Errorf("%s has no line in behaviour.json", name)
		}
	}
}
