"""What each event looks like to each person, before it is sent anywhere."""
