module escape

go 1.26
