module notailcar.example/lab/gatus

go 1.26

tool github.com/TwiN/gatus/v5

require github.com/TwiN/gatus/v5 v5.24.2
